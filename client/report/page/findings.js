// ---- What a run found, in sentences ----------------------------------------------------------------------------------

const kVerdicts = {
  rate: ['ok', 'The target kept up with the planned rate'],
  server: ['off', 'Limited by the server'],
  generator: ['warn', 'Generator-limited: this run measures weir-load, not the target'],
  machine: ['warn', 'Limited by the machine that made the load'],
  nothing: ['off', 'Nothing can be said of a limit'],
};
const verdictOf = report => kVerdicts[report.verdict?.limited_by] ??
  ['off', report.verdict?.limited_by ? `Limited by the ${report.verdict.limited_by}` : 'No verdict'];

const isConnect = report => report.workload === 'connect';
const isOpen = report => isNumber(report.options?.rate);
const mainTime = report => isConnect(report) ? 'cycle' : 'response';
const mainHistogram = report => report.latency?.[mainTime(report)];
const unitOf = report => isConnect(report) ? 'connection' : 'request';
const doneOf = report => isConnect(report) ? report.cycles : report.requests?.completed;
const wrongOf = report => report.errors?.wrong_replies ?? 0;
const errorsOf = report => report.errors?.total ?? 0;
const missedClauses = report => list(report.slo).filter(clause => clause?.met === false);

function shapeOf(report) {
  const options = report.options ?? {}, parts = [];
  parts.push(isConnect(report) ? `${count(options.connections)} connections at a time` : plural(options.connections, 'connection'));
  parts.push(isOpen(report) ? `open loop at ${rate(options.rate)} a second${options.arrivals === 'poisson' ? ', Poisson arrivals' : ''}` : 'closed loop');
  if (options.message != null) parts.push('messages of a text');
  else if (options.length && options.exchange !== false) parts.push(`messages of ${options.length} bytes`);
  if (isNumber(report.window_s)) parts.push(`measured for ${seconds(report.window_s)}`);
  return parts.join(' · ');
}

// What was done and what came back, for somebody who knows no percentile.
function plainSentences(report) {
  const histogram = mainHistogram(report), done = doneOf(report);
  if (!(done > 0)) return ['No reply came in the measured time.'];
  const next = isConnect(report) ? 'each followed by the next as soon as it was closed' : 'each connection sending as soon as its reply was there';
  const how = isOpen(report) ? `on a plan of ${rate(report.options.rate)} a second that does not wait for the server` : next;
  const sentences = [`${count(done)} ${unitOf(report)}s in ${seconds(report.window_s)}, ${rate(report.rate)} a second, ${how}.`];
  if (countOf(histogram) > 0) {
    const of = key => duration(percentileOf(histogram, key));
    sentences.push(`Half took ${of('50')} or less, 99 of 100 took ${of('99')} or less` +
      `${countOf(histogram) >= 10000 ? `, 999 of 1,000 took ${of('99.9')} or less` : ''}; the slowest took ${of('max')}.`);
  }
  if (report.tls) {
    sentences.push(`It spoke ${report.tls.agreed || 'TLS'}: ${plural(report.tls.handshakes, 'full handshake')}` +
      `${report.tls.resumed > 0 ? `, ${count(report.tls.resumed)} resumed` : ''}` +
      `${report.tls.handshakes_per_s > 0 || report.tls.resumed_per_s > 0
        ? `, ${rate(report.tls.handshakes_per_s)} and ${rate(report.tls.resumed_per_s)} a second` : ''}.`);
  }
  if (errorsOf(report) === 0) sentences.push('Nothing failed, and every byte of every reply was right.');
  return sentences;
}

// How far the figures hold: how evenly they came, and what one run cannot say.
function trustSentence(report) {
  const steady = steadiness(report);
  if (!steady) return 'The run has fewer than five intervals with replies: how steady its figures are is not known.';
  const outlier = steady.p99.most > 2 * steady.p99.high
    ? `, but reached ${duration(steady.p99.most)} in the one that ended at ${clock(steady.worstAt)}` : '';
  return `In eight of ten intervals of ${seconds(report.options?.interval_s ?? steady.length)} ` +
    `the rate was ${rate(steady.rate.low)} to ${rate(steady.rate.high)} a second, ` +
    `and p99 was ${duration(steady.p99.low)} to ${duration(steady.p99.high)}${outlier}. ` +
    'It is one run: whether another server really differs is what weir-load compare says.';
}

// Where replies ceased, or took ten times as long as in nearly all other intervals; null where that never was.
function stallOf(report) {
  const parts = measured(report), silent = parts.filter(each => !(each.done > 0)), steady = steadiness(report);
  if (silent.length > 0 && parts.some(each => each.done > 0)) {
    const length = seconds(silent.reduce((sum, each) => sum + each.length_s, 0)), end = clock(silent[0].at_s);
    return silent.length === 1 ? `No reply came in the interval of ${length} that ended at ${end}`
      : `No reply came in ${count(silent.length)} intervals, ${length} in all, the first of which ended at ${end}`;
  }
  if (!steady || steady.p99.most < 10 * steady.p99.high) return null;
  return `In the interval that ended at ${clock(steady.worstAt)} p99 was ${duration(steady.p99.most)}, ` +
    `${digits(Math.round(steady.p99.most / steady.p99.high))} times what it was in nearly all others`;
}

// What somebody must know who reads the figures: [tone, ...words], worst first.
function warningsOf(report) {
  const found = [], requests = report.requests ?? {}, connections = report.connections ?? {}, options = report.options ?? {};
  const add = (tone, ...words) => found.push([tone, ...words]);
  const histogram = mainHistogram(report);
  if (wrongOf(report) > 0) add('bad', `${plural(wrongOf(report), 'reply was', 'replies were')} WRONG: see the errors`);
  if (report.verdict?.limited_by === 'generator') add('warn', `${kVerdicts.generator[1]}. ${asSentence(report.verdict.reason)}`);
  if (stallOf(report)) add('warn', `It stalled. ${stallOf(report)}`);
  for (const clause of missedClauses(report)) add('bad', `SLO ${clause.clause} was not met: it was ${foundText(clause)}`);
  if (errorsOf(report) > wrongOf(report)) add('bad', `${plural(errorsOf(report) - wrongOf(report), 'failure')}: ${kindsText(report)}`);
  if (report.ended_by === 'interrupt') add('warn', 'The run was interrupted before its time');
  if (report.ended_by === 'no_connection') add('bad', 'No connection could be opened');
  if (connections.reached < connections.asked) add('warn', `Only ${count(connections.reached)} of ${count(connections.asked)} connections were reached`);
  if (requests.unsent > 0) {
    add('warn', `${plural(requests.unsent, 'request')} that ${requests.unsent === 1 ? 'was' : 'were'} due could not be sent at all; ` +
      'counted as slow as they were old at the end');
  }
  if (requests.unfinished > 0) add('warn', `${plural(requests.unfinished, 'request')} had no reply when the run ended; counted as slow as they were old`);
  if (requests.held > 0) add('off', `${plural(requests.held, 'request')} sent late because the connection took no more; their waiting is in the response times`);
  if (report.fairness?.starved > 0) add('warn', `${plural(report.fairness.starved, 'connection')} got no reply at all`);
  if (countOf(histogram) > 0 && countOf(histogram) < 1000) add('warn', `Only ${plural(countOf(histogram), 'reply', 'replies')}: the high percentiles are chance`);
  if (histogram?.above_range > 0) add('warn', `${count(histogram.above_range)} took longer than an hour`);
  if (report.generator?.retransmits > 0) add('off', `${plural(report.generator.retransmits, 'TCP segment')} sent again by the generator’s machine`);
  if (!isOpen(report) && countOf(histogram) > 0) {
    add('off', 'A closed loop sends nothing while it waits, so a stall delays only what is in flight ' +
      `(the longest took ${duration(histogram.max_ns)}). What users feel at a steady rate shows `,
    el('span', {class: 'mono nowrap'}, `--rate ${Math.max(1, Math.round((report.rate ?? 0) * 0.9))}`));
  }
  return found;
}

const kindsOf = report => Object.entries(report.errors?.kinds ?? {}).filter(([, times]) => times > 0);
const kindsText = report => kindsOf(report).filter(([kind]) => !kWrongReplies.has(kind))
  .map(([kind, times]) => `${failureText(kind)} ${count(times)}`).join(', ') || 'see the errors';

// Of a clause of an SLO: its bound and what was found, which are times or shares or counts.
const clauseFormat = (clause, key) => `${key}_ns` in clause ? duration : value => isNumber(value) ? String(+value.toPrecision(4)) : kNone;
const foundText = clause => clauseFormat(clause, 'found')('found_ns' in clause ? clause.found_ns : clause.found);

// `p99=5ms` as {what: '99', limit: 5e6}; null for what is no latency.
function latencyClause(text) {
  const parts = /^\s*(p[\d.]+|max)\s*(?:<=|[=<≤:])\s*([\d.]+)\s*(ns|us|µs|ms|s|m|min)\s*$/.exec(String(text));
  if (!parts) return null;
  const units = {ns: 1, us: 1e3, 'µs': 1e3, ms: 1e6, s: 1e9, m: 6e10, min: 6e10};
  return {what: parts[1].replace(/^p/, ''), limit: Number(parts[2]) * units[parts[3]]};
}

// The bounds of latencies among the clauses of a report, for the percentile chart.
const limitsOf = report => list(report.slo).map(clause => isNumber(clause?.limit_ns) && /^(p[\d.]+|max)$/.test(clause.what)
  ? {what: clause.what.replace(/^p/, ''), limit: clause.limit_ns} : null).filter(Boolean);
