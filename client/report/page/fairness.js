// ---- Fairness, errors, SLO, and how to repeat it ---------------------------------------------------------------------

const kQuantiles = ['min', 'p10', 'p50', 'p90', 'max'];

// Quantiles over connections as a strip: a line from the least to the most, a box around the middle 80 %, a mark at the median.
function strip(values, number, {low, high, log}, describe) {
  const scale = log ? logScale(low, high, 1, 99) : linearScale(low, high, 1, 99), x = key => `${scale(values[key]).toFixed(2)}%`;
  const width = Math.max(0.3, scale(values.p90) - scale(values.p10));
  return svg('svg', {class: `strip s${number}`, role: 'img', 'aria-label': describe},
    svg('line', {class: 'span', x1: x('min'), x2: x('max'), y1: 13, y2: 13}),
    svg('rect', {class: 'box', x: x('p10'), y: 5, width: `${width.toFixed(2)}%`, height: 16}),
    svg('line', {class: 'mark', x1: x('p50'), x2: x('p50'), y1: 2, y2: 24}));
}

function quantileRows(runs, key, title, format) {
  const known = runs.filter(run => kQuantiles.every(each => isNumber(run.report.fairness?.connections?.[key]?.[each])));
  if (known.length === 0) return null;
  const all = known.flatMap(run => kQuantiles.map(each => run.report.fairness.connections[key][each]));
  const log = Math.min(...all) > 0 && Math.max(...all) / Math.min(...all) > 4;
  const scale = {low: Math.min(...all), high: Math.max(...all), log};
  const heads = ['Run', {text: 'spread', class: 'draw'}, ...['least', 'p10', 'median', 'p90', 'most'].map(text => ({text, num: true}))];
  return [el('h3', {}, title), table(title, heads, known.map(run => {
    const values = run.report.fairness.connections[key];
    const words = `From ${format(values.min)} to ${format(values.max)}, eight of ten connections between ${format(values.p10)} and ${format(values.p90)}`;
    return [name(run.label), strip(values, run.number, scale, words), ...kQuantiles.map(each => figure(`${run.path}/fairness/connections/${key}/${each}`, format))];
  }), {kind: 'spread'})];
}

function fairWords(fairness) {
  if (!(fairness.served > 0)) return ['off', 'No connection got a reply.'];
  if (fairness.starved > 0) return ['warn', `${plural(fairness.starved, 'connection')} got nothing while others were served.`];
  if (!isNumber(fairness.jain)) return ['off', 'How evenly the connections were served is not known.'];
  const slow = fairness.fastest_mean_ns > 0 ? fairness.slowest_mean_ns / fairness.fastest_mean_ns : 1;
  const times = slow >= 1.5 ? ` The slowest connection waited ${digits(slow)} times as long as the fastest, on average.` : '';
  if (fairness.jain >= 0.95) return ['ok', `The connections got about as many replies each.${times}`];
  return ['warn', `The connections were served unevenly: as if ${share(fairness.jain)} of them had shared everything alike.${times}`];
}

// Whether fairness and errors are both so short that they stand beside each other.
const besideErrors = report => report.fairness && !report.fairness.connections && errorsOf(report) === 0;

function fairnessSection(runs) {
  const known = runs.filter(run => run.report.fairness);
  if (known.length === 0) return null;
  const num = text => ({text, num: true});
  // Where nobody was served nothing is known of how evenly that was.
  const served = (run, key, format) => run.report.fairness.served > 0 ? figure(`${run.path}/fairness/${key}`, format) : kNone;
  const cells = run => [served(run, 'jain', index), figure(`${run.path}/fairness/starved`, count),
    figure(`${run.path}/fairness/served`, count), served(run, 'fastest_mean_ns', duration), served(run, 'slowest_mean_ns', duration)];
  const [tone, words] = fairWords(known[0].report.fairness);
  const one = known.length === 1;
  return panel('Fairness between connections', {half: one && besideErrors(known[0].report)},
    one && el('p', {}, state(kToneShapes[tone], tone, ''), words),
    one ? figures([['Jain’s index', cells(known[0])[0], '1 = all alike'], 
      ['starved', cells(known[0])[1], ['of ', figure(`${known[0].path}/connections/reached`, count), ' reached']],
      ['fastest mean', cells(known[0])[3], 'of a connection'], ['slowest mean', cells(known[0])[4], 'of a connection']])
      : table('Fairness', ['Run', num('Jain’s index'), num('starved'), num('served'), num('fastest mean'), num('slowest mean')],
        known.map(run => [name(run.label), ...cells(run)])),
    quantileRows(known, 'replies', 'Replies of each connection', plainNumber),
    quantileRows(known, 'p99_ns', 'p99 of each connection', duration));
}

// Bytes in hexadecimal, in lines of sixteen with their text.
function excerptText(hex, from) {
  const values = String(hex ?? '').match(/../g) ?? [], lines = [];
  for (let begin = 0; begin < values.length; begin += 16) {
    const part = values.slice(begin, begin + 16);
    const text = part.map(each => parseInt(each, 16)).map(code => code >= 32 && code < 127 ? String.fromCharCode(code) : '.').join('');
    lines.push(`${String(from + begin).padStart(8)}  ${part.join(' ').padEnd(47)}  ${text}`);
  }
  return lines.join('\n') || '(nothing)';
}

function wrongReply(wrong) {
  const bytesOf = (title, key) => [el('p', {class: 'sub'}, title),
    el('pre', {class: 'bytes', tabindex: 0, role: 'group', 'aria-label': `Bytes ${title}`}, excerptText(wrong[key], wrong.excerpt_at ?? 0))];
  return el('li', {}, String(wrong.text ?? wrong.kind), details('The bytes around it', () =>
    el('div', {}, bytesOf('as expected', 'expected'), bytesOf('as received', 'received'))));
}

function errorsSection(runs) {
  const total = runs.reduce((sum, run) => sum + errorsOf(run.report), 0), one = runs.length === 1;
  if (total === 0) {
    return panel('Errors', {half: one && besideErrors(runs[0].report)},
      el('p', {}, state('tick', 'ok', ''), 'None: nothing failed, and every byte of every reply was right.'));
  }
  const kinds = [...new Set(runs.flatMap(run => kindsOf(run.report).map(([kind]) => kind)))];
  const rows = kinds.map(kind => [[kWrongReplies.has(kind) && el('strong', {class: 'tone-bad'}, 'WRONG REPLY: '), failureText(kind),
    kFailures[kind]?.[1] && el('span', {class: 'sub'}, ` ${kFailures[kind][1]}`)],
    ...runs.map(run => figure(`${run.path}/errors/kinds/${kind}`, count))]);
  rows.push({main: true, cells: ['in all', ...runs.map(run => figure(`${run.path}/errors/total`, count))]});
  const examples = runs.flatMap(run => [...list(run.report.errors?.wrong).map(wrongReply),
    ...list(run.report.errors?.examples).map(example => el('li', {}, String(example)))].map(item => {
    if (!one) item.prepend(name(run.label), ': ');
    return item;
  }));
  return panel('Errors', {},
    table('Errors by kind', ['Kind', ...runs.map(run => ({text: one ? 'count' : name(run.label), num: true}))], rows),
    examples.length > 0 && [el('h3', {}, 'Examples'), el('ul', {class: 'listed'}, examples)]);
}

function sloSection(runs) {
  const known = runs.filter(run => list(run.report.slo).length > 0);
  if (known.length === 0) return null;
  const rows = known.flatMap(run => list(run.report.slo).map((clause, i) => {
    const part = `${run.path}/slo/${i}`, key = word => `${part}/${`${word}_ns` in clause ? `${word}_ns` : word}`;
    return [[known.length > 1 && [name(run.label), ' '], el('span', {class: 'mono'}, String(clause.clause))],
      clause.met ? state('tick', 'ok', 'met') : state('cross', 'bad', 'not met'),
      figure(key('found'), clauseFormat(clause, 'found')), figure(key('limit'), clauseFormat(clause, 'limit'))];
  }));
  return panel('Objectives (SLO)', {}, table('Objectives', ['Clause', 'result', {text: 'found', num: true}, {text: 'at most', num: true}], rows));
}

const optionText = value => value === null ? 'not given' : typeof value === 'object' ? JSON.stringify(value) : String(value);

function machineText(machine) {
  if (!machine) return null;
  return [machine.host, machine.kernel, machine.cpus && `${machine.cpus} × ${machine.cpu || 'CPU'}`].filter(Boolean).join(', ');
}

function repeatSection(runs) {
  return panel('How to repeat it', {}, runs.map(({report, label, name: full, path}) => [
    runs.length > 1 && el('h3', {}, name(label)),
    commandLine(report.command) ? el('pre', {}, commandLine(report.command))
      : el('p', {class: 'sub'}, 'The report does not hold its command line; its options are below.'),
    facts([
      full !== label && ['report', name(full)],
      ['target', name(report.target), report.endpoint && report.endpoint !== report.target ? [' (', name(report.endpoint), ')'] : ''],
      ['load', shapeOf(report)],
      ['machine', machineText(report.machine)],
      ['started', moment(report.started)],
      ['weir-load', report.version, report.generators > 1 ? `, merged from ${count(report.generators)} generators` : ''],
      ['generator', report.generator && [plural(report.threads, 'thread'), ', ', figure(`${path}/generator/share`, share), ' of what they could use; machine ',
        figure(`${path}/generator/machine_busy`, share), ' busy; ', figure(`${path}/generator/retransmits`, count), ' TCP segments sent again']],
      ['bytes', isNumber(report.bytes_each_way) && [figure(`${path}/bytes_each_way`, bytes), ' each way']],
      ['ended by', String(report.ended_by ?? kNone).replaceAll('_', ' '), isNumber(report.exit_status) ? `; exit status ${report.exit_status}` : ''],
    ]),
    report.options && details('Every option', () => facts(Object.entries(report.options).map(([key, value]) => [key, optionText(value)]))),
  ]));
}
