// ---- Sections of one run, or of several beside each other ------------------------------------------------------------

function runsOfData() {
  const names = list(kData.reports).map((entry, i) => String(entry?.label ?? `run ${i + 1}`)), labels = shortNames(names);
  return list(kData.reports).map((entry, i) => ({report: entry?.report ?? {}, name: names[i], label: labels[i], number: i % 8 + 1,
    path: `/reports/${i}/report`}));
}

// The head of one run: what set the limit and why, what was found, and how far to trust it.
function verdictSection(run) {
  const {report, path} = run, main = `${path}/latency/${mainTime(report)}`;
  let [tone, headline] = verdictOf(report);
  if (wrongOf(report) > 0) [tone, headline] = ['bad', `Wrong replies: ${count(wrongOf(report))}`];
  else if (missedClauses(report).length > 0) [tone, headline] = ['bad', `SLO missed: ${listed(missedClauses(report).map(each => String(each.clause)))}`];
  else if (report.ended_by === 'no_connection') [tone, headline] = ['bad', 'No connection could be opened'];
  else if (stallOf(report)) [tone, headline] = ['warn', `${headline}, but there was a stall`];
  if ((tone === 'off' || tone === 'ok') && errorsOf(report) > 0) tone = 'warn';
  const few = key => fewSamples(at(main), key);
  // The reason of a limit that the headline does not name, or of the generator's, which is the first warning then.
  const named = headline.startsWith(verdictOf(report)[1]), limited = verdictOf(report)[1].split(':')[0];
  const warnings = warningsOf(report).filter(([, text]) => !named || !String(text).startsWith(verdictOf(report)[1]));
  return verdict(tone, kToneShapes[tone], headline,
    report.verdict?.reason && (named || report.verdict.limited_by !== 'generator') &&
      el('p', {class: 'reason'}, named ? asSentence(report.verdict.reason) : `${limited}: ${report.verdict.reason}`),
    el('p', {class: 'plain'}, plainSentences(report).join(' ')),
    countOf(mainHistogram(report)) > 0 && el('p', {class: 'sub'}, trustSentence(report)),
    attention(warnings),
    figures([
      [`${unitOf(report)}s a second`, figure(`${path}/rate`, rate), isOpen(report) && ['of ', figure(`${path}/options/rate`, rate), ' planned']],
      ['p50', time(main, 'percentiles_ns/50'), `half the ${unitOf(report)}s`],
      ['p99', [time(main, 'percentiles_ns/99'), few('99')], '99 of 100'],
      ['slowest', time(main, 'max_ns'), 'the maximum'],
      ['failed', figure(`${path}/errors/total`, count), ['wrong replies: ', figure(`${path}/errors/wrong_replies`, count)]],
      ['in all', figure(isConnect(report) ? `${path}/cycles` : `${path}/requests/completed`, count), `${unitOf(report)}s measured`],
    ]));
}

// Conditions that should be alike where two runs are compared by eye.
const kAlike = ['connections', 'rate', 'arrivals', 'length', 'message', 'pipeline', 'think_s', 'reconnect_every', 'exchange', 'close', 'duration_s', 'warmup_s'];

function unlike(runs) {
  const found = [], all = get => new Set(runs.map(run => JSON.stringify(get(run.report) ?? null)));
  const show = value => value === null ? 'none' : String(value);
  const values = get => runs.map(run => show(get(run.report) ?? null)).join(' / ');
  if (all(report => report.workload).size > 1) found.push(`workload (${values(report => report.workload)})`);
  for (const key of kAlike) {
    if (all(report => report.options?.[key]).size > 1) found.push(`${key.replace(/_s$/, '').replaceAll('_', ' ')} (${values(report => report.options?.[key])})`);
  }
  const tls = report => report.options?.tls ? `TLS${report.options.tls.resume ? ', resumed' : ''}` : 'none';
  if (all(tls).size > 1) found.push(`TLS (${values(tls)})`);
  for (const key of ['host', 'kernel', 'cpu', 'cpus']) {
    if (all(report => report.machine?.[key]).size > 1) found.push(`machine’s ${key} (${values(report => report.machine?.[key])})`);
  }
  if (all(report => report.version).size > 1) found.push(`weir-load’s version (${values(report => report.version)})`);
  return found;
}

// What the others had, as the one or as a range.
const others = (values, format) => values.length === 1 ? format(values[0]) : `${format(values[0])} to ${format(values.at(-1))}`;

// Who was best in what, where several runs lie over each other; those within a hundredth of the best are so too.
// `known` is [run, value] from the best to the worst.
function bestSentence(who, verb, known, format) {
  const [[, best]] = known, worst = known.at(-1)[1], apart = value => Math.abs(value / best - 1);
  if (apart(worst) < 0.01) return el('li', {}, `${who}: no difference to speak of, ${format(best)}.`);
  const winners = known.filter(([, value]) => apart(value) < 0.01), rest = known.slice(winners.length).map(([, value]) => value);
  const percent = share(Math.abs(1 - best / rest[0])), least = rest.length > 1 ? 'at least ' : '';
  return el('li', {}, `${who}: `, winners.map(([run], i) => [i > 0 && ' and ', el('strong', {}, name(run.label))]),
    ` ${winners.length > 1 ? 'were' : 'was'} ${verb}, ${format(best)} against ${others(rest, format)} (${least}${percent} ${best < worst ? 'less' : 'more'}).`);
}

function bestSentences(runs) {
  const sentences = [];
  for (const [key, text, who] of [['50', 'p50', 'the typical request'], ['99', 'p99', 'the slowest 1 in 100'], ['99.9', 'p99.9', 'the slowest 1 in 1,000']]) {
    const known = runs.map(run => [run, percentileOf(mainHistogram(run.report), key)])
      .filter(([run, value]) => value > 0 && countOf(mainHistogram(run.report)) * (1 - Number(key) / 100) >= 10);
    if (known.length < 2) continue;
    known.sort((a, b) => a[1] - b[1]);
    sentences.push(bestSentence(`For ${who} (${text})`, 'fastest', known, duration));
  }
  const rates = runs.map(run => [run, run.report.rate]).filter(([, value]) => value > 0).sort((a, b) => b[1] - a[1]);
  if (rates.length > 1 && runs.every(run => !isOpen(run.report))) {
    sentences.push(bestSentence('In work done a second', 'ahead', rates, rate));
  }
  return sentences;
}

// What speaks against a run, in one item of the list: [tone, ...words].
function againstRun(run) {
  const {report} = run, bad = [], warn = [];
  if (wrongOf(report) > 0) bad.push(`${plural(wrongOf(report), 'reply was', 'replies were')} WRONG`);
  for (const clause of missedClauses(report)) bad.push(`SLO ${clause.clause} was not met, it was ${foundText(clause)}`);
  if (errorsOf(report) > wrongOf(report)) bad.push(`${plural(errorsOf(report) - wrongOf(report), 'failure')}: ${kindsText(report)}`);
  if (report.verdict?.limited_by === 'generator') warn.push('generator-limited, so it measures weir-load, not its target');
  if (stallOf(report)) warn.push(`it stalled: ${stallOf(report)}`);
  if (bad.length + warn.length === 0) return null;
  return [bad.length > 0 ? 'bad' : 'warn', el('strong', {}, name(run.label)), `: ${[...bad, ...warn].join('; ')}`];
}

// The head of several runs. `judged` says that a comparison on the same page answers how sure the differences are.
function runsSection(runs, judged) {
  const differing = unlike(runs), best = judged ? [] : bestSentences(runs);
  const warnings = runs.map(againstRun).filter(Boolean);
  if (differing.length > 0) warnings.push(['warn', `The runs were not made alike, so look at them with care: ${listed(differing)}`]);
  const rows = runs.map(run => {
    const {report, path} = run, main = `${path}/latency/${mainTime(report)}`, [tone, headline] = verdictOf(report);
    const steady = steadiness(report), word = report.verdict?.limited_by === 'rate' ? 'kept up' : headline.split(':')[0];
    return [[sample(run.number), ' ', name(run.label)], figure(`${path}/rate`, rate),
      ...['50', '99', '99.9'].map(key => [time(main, `percentiles_ns/${key}`), fewSamples(at(main), key)]),
      time(main, 'max_ns'), steady ? `${duration(steady.p99.low)} – ${duration(steady.p99.high)}` : kNone,
      figure(`${path}/errors/total`, count), el('span', {class: `tone-${tone}`}, word + (stallOf(report) ? ', stalled' : ''))];
  });
  const num = text => ({text, num: true});
  return panel(judged ? 'The runs' : `${runs.length} runs beside each other`, {},
    attention(warnings),
    best.length > 0 && el('ul', {class: 'listed plain'}, best),
    !judged && el('p', {class: 'sub'}, 'Each is one run. Whether a difference is more than chance, with its interval, says ',
      el('span', {class: 'mono'}, 'weir-load compare A.json B.json'), '.'),
    table('Each run in a line', ['Run', ...['a second', 'p50', 'p99', 'p99.9', 'max', 'p99 in 8 of 10 intervals', 'failed'].map(num), 'verdict'], rows));
}

function fewSamples(histogram, key) {
  const total = countOf(histogram), beyond = total * (1 - Number(key) / 100);
  return Number(key) && total > 0 && beyond < 10 ? el('abbr', {class: 'few-mark', title: 'Fewer than ten lie beyond it: chance decides'}, '†') : null;
}

// Percentiles as rows; the columns are the kinds of time of one run, or one kind of several runs.
function percentileTable(caption, columns, shown) {
  const row = (head, key, who) => ({main: key === '50' || key === '99', cells: [[head, who && el('span', {class: 'sub'}, ` ${who}`)],
    ...columns.map(({path}) => [figure(`${path}/percentiles_ns/${key}`, duration), fewSamples(at(path), key)])]});
  const other = (head, key, format) => [head, ...columns.map(({path}) => figure(`${path}/${key}`, format))];
  return table(caption, ['Percentile', ...columns.map(({title}) => ({text: title, num: true}))], [
    ...kPercentiles.map(([key, head, who]) => row(head, key, who)),
    other('max', 'max_ns', duration), other('mean', 'mean_ns', duration), other('counted', 'count', count),
  ], {shown});
}

function latencySection(runs) {
  const kinds = kTimes.filter(([key]) => runs.some(run => countOf(run.report.latency?.[key]) > 0));
  if (kinds.length === 0) return panel('Latency', {}, el('p', {class: 'sub'}, 'No time was counted: no reply came in the measured window.'));
  const tables = runs.length === 1
    ? [percentileTable('Latency of each kind', kinds.map(([key, title]) => ({title, path: `${runs[0].path}/latency/${key}`})), false)]
    : kinds.map(([key, title]) => percentileTable(capital(title), runs.filter(run => countOf(run.report.latency?.[key]) > 0)
      .map(run => ({title: name(run.label), path: `${run.path}/latency/${key}`})), true));
  const few = tables.some(each => each.querySelector('.few-mark'));
  return panel('Latency', {}, tables.length > 1 ? el('div', {class: 'sides'}, tables) : tables,
    few && el('p', {class: 'sub'}, '† fewer than ten lie beyond it, so chance decides.'),
    details('What each kind is measured from and to', () => facts(kinds.map(([, title, text]) => [title, text]))));
}

function curvesSection(runs) {
  if (runs.length > 1) {
    const series = runs.map(run => ({name: run.label, number: run.number, histogram: mainHistogram(run.report) ?? {}, on: true}));
    return panel('Latency by percentile', {sub: isConnect(runs[0].report) ? 'cycle times' : 'response times'}, percentileChart(series));
  }
  const {report} = runs[0], first = isConnect(report) ? ['cycle', 'response', 'connect'] : ['response', 'service'];
  const series = kTimes.filter(([key]) => countOf(report.latency?.[key]) > 0)
    .map(([key, title], i) => ({name: title, key, number: i + 1, histogram: report.latency[key], on: first.includes(key)}));
  if (!series.some(each => each.on)) series.slice(0, 1).forEach(each => { each.on = true; });
  const responses = percentileOf(report.latency?.response, '99'), services = percentileOf(report.latency?.service, '99');
  const queued = isOpen(report) && services > 0 && countOf(report.latency.service) > 0 ? responses / services : null;
  return panel('Latency by percentile', {}, queued !== null && el('p', {class: 'sub'},
    queued > 1.5 ? `At p99 the response took ${digits(queued)} times as long as the service: the rest of that time a request waited until it was sent.`
      : 'At p99 response and service are close: requests hardly waited until they were sent.'), percentileChart(series, {limits: limitsOf(report)}));
}

function overTimeSection(runs) {
  const shown = runs.filter(run => intervalsOf(run.report).length > 0);
  if (shown.length === 0) return panel('Over time', {}, el('p', {class: 'sub'}, 'The report has no time series.'));
  const what = isConnect(shown[0].report) ? 'connections a second' : 'replies a second';
  const end = Math.max(...shown.map(run => timeEnd(run.report)), 1e-3);
  const all = shown.flatMap(run => intervalsOf(run.report)), times = [];
  for (const {buckets, p50_ns: p50, p99_ns: p99} of all) {
    const inIt = list(buckets);
    if (inIt.length > 0) times.push(inIt[0][0], highestOf(inIt.at(-1)[0]));
    else if (p99 > 0) times.push(p50, p99);
  }
  const bounds = latencyBounds([times.reduce((a, b) => b > 0 && b < a ? b : a, Infinity), times.reduce((a, b) => b > a ? b : a, 0)]);
  const timed = shown.filter(run => intervalsOf(run.report).some(each => each.p99_ns > 0 || list(each.buckets).length > 0));
  const children = [];
  if (shown.length > 1) {
    children.push(el('div', {class: 'controls'}, el('ul', {class: 'legend', 'aria-label': 'Runs'},
      shown.map(run => el('li', {}, el('span', {class: 'item'}, sample(run.number), name(run.label)))))));
    if (timed.length > 0) children.push(timeLines(timed, {title: 'p99 over time', key: 'p99', latency: true, height: 220,
      describe: `p99 over time. ${shown.map(run => `${run.label}: ${steadyWords(run.report, 'p99', duration)}`).join('. ')}.`}));
  }
  const plans = new Set(shown.map(run => run.report.options?.rate));
  const throughput = timeLines(shown, {title: 'Throughput', note: what, key: 'rate', plan: plans.size === 1 ? [...plans][0] : null,
    describe: `${capital(what)} over time. ${shown.map(run => `${shown.length > 1 ? `${run.label}: ` : ''}${steadyWords(run.report, 'rate', rate)}`).join('. ')}.`});
  const heat = timed.map(run => heatMap(run.report, {bounds, end, title: shown.length > 1 ? run.label : 'Latency',
    note: 'darker holds more; the lines are p50 and p99'}));
  const failing = shown.filter(run => intervalsOf(run.report).some(each => each.errors > 0));
  if (heat.length > 0) heat.push(heatLegend());
  if (shown.length > 1) children.push(throughput, ...heat);
  else children.push(...heat, throughput);
  if (heat.length === 0) children.push(el('p', {class: 'sub'}, 'No latency was counted in any interval.'));
  children.push(...failing.map(run => errorBars(run)));
  if (failing.length === 0) children.push(el('p', {class: 'sub'}, 'No error in any interval.'));
  children.push(...shown.map(run => details(`The time series${shown.length > 1 ? ` of ${run.label}` : ''} as a table`, () => seriesTable(run))));
  return panel('Over time', {}, ...children);
}

function steadyWords(report, key, format) {
  const steady = steadiness(report);
  return steady ? `in eight of ten intervals between ${format(steady[key].low)} and ${format(steady[key].high)}, at most ${format(steady[key].most)}`
    : 'fewer than five intervals';
}

const heatLegend = () => el('ul', {class: 'legend'}, el('li', {}, el('span', {class: 'item'}, 'few',
  svg('svg', {class: 'heat-steps', viewBox: '0 0 112 12', 'aria-hidden': 'true'}, Array.from({length: kLevels}, (_, i) =>
    svg('rect', {class: `heat heat-${i + 1}`, x: i * 14, y: 0, width: 14, height: 12}))), 'many replies, by equal factors')));

function seriesTable(run) {
  const num = text => ({text, num: true}), all = intervalsOf(run.report);
  const columns = columnsOf(run.report, 600), whole = columns.length === all.length;
  const cell = (i, key, format, value) => whole ? figure(`${run.path}/intervals/${list(run.report.intervals).indexOf(all[i])}/${key}`, format) : format(value);
  return table(`Time series${whole ? '' : `, ${all.length} intervals in ${columns.length} rows`}`,
    ['until', num('a second'), num('done'), num('errors'), num('p50'), num('p99')],
    columns.map((column, i) => [clock(column.to) + (column.to <= warmupOf(run.report) + 1e-6 ? ' (warmup)' : ''), rate(column.rate),
      cell(i, 'done', count, column.done), cell(i, 'errors', count, column.errors),
      cell(i, 'p50_ns', duration, column.p50), cell(i, 'p99_ns', duration, column.p99)]), {shown: !whole});
}
