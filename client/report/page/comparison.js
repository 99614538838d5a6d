// ---- A comparison ---------------------------------------------------------------------------------------------------

const kFindings = {
  slower: ['right', 'bad', 'slower'], faster: ['left', 'ok', 'faster'], same: ['circle', 'off', 'the same'],
  unclear: ['ring', 'off', 'unclear'], too_few: ['cross', 'off', 'too few'], higher: ['right', 'ok', 'more'], lower: ['left', 'bad', 'less'],
};
// That a proxy adds something is no fault.
function findingOf(difference, via) {
  const [kind, tone, word] = kFindings[difference.finding] ?? ['ring', 'off', String(difference.finding ?? 'unclear')];
  return [kind, via && tone === 'bad' ? 'warn' : tone, word];
}

const kMethods = {
  moving_blocks: 'moving blocks of both time series', paired_blocks: 'blocks of both time series in pairs, as they were made at the same time',
  runs: 'whole runs',
};

const sideName = (comparison, side) =>
  shortNames(['a', 'b'].map(each => String(comparison[each]?.label ?? each.toUpperCase())))[side === 'a' ? 0 : 1];
const isVia = comparison => comparison.question === 'via';

function methodSentence(method) {
  if (!method) return 'The report does not say how the intervals were found.';
  const blocks = list(method.blocks).filter(isNumber), parts = [];
  parts.push(`All intervals together hold the true differences in ${share(method.confidence).replace('.00', '').replace('.0', '')} of such comparisons`);
  parts.push(`bootstrap over ${kMethods[method.resampling] ?? String(method.resampling ?? 'an unknown method')}`);
  if (isNumber(method.resamples)) parts.push(`${count(method.resamples)} resamples`);
  if (blocks.length > 0) parts.push(`${blocks.map(count).join(' and ')} blocks${isNumber(method.block_s) ? ` of ${seconds(method.block_s)}` : ''}`);
  if (isNumber(method.smallest_effect)) parts.push(`differences below ${share(method.smallest_effect).replace('.00', '')} count as none`);
  if (method.resampling === 'moving_blocks') parts.push('from p99 on the whole interval has to lie beyond that');
  return `${parts.join('; ')}.`;
}

function comparisonVerdict(comparison) {
  const objections = list(comparison.objections), differences = list(comparison.differences);
  const has = finding => differences.some(each => each.finding === finding);
  const exceeded = list(comparison.regressions).filter(each => each?.exceeded);
  let tone = has('slower') || has('lower') ? (has('faster') || has('higher') ? 'warn' : 'bad') : has('faster') || has('higher') ? 'ok' : 'off';
  if (isVia(comparison) && tone !== 'ok') tone = 'off';
  if (objections.length > 0) tone = 'warn';
  if (exceeded.length > 0) tone = 'bad';
  const side = key => {
    // What was measured here is called by its way, which `--via` knows; reports have names of their own.
    const way = isVia(comparison) ? (key === 'a' ? 'direct' : 'through the proxy') : null, label = sideName(comparison, key);
    const words = [way, label !== way && name(label), comparison[key]?.target && comparison[key].target !== comparison[key].label && name(comparison[key].target)];
    return el('li', {}, el('span', {class: 'item'}, sample(key === 'a' ? 1 : 2), el('strong', {}, key.toUpperCase()),
      el('span', {}, words.filter(Boolean).flatMap((word, i) => [i > 0 && (i === 1 && way ? ': ' : ' → '), word]).filter(Boolean))));
  };
  return verdict(tone, tone === 'off' ? 'circle' : kToneShapes[tone], String(comparison.sentence ?? 'No sentence was made of it.'),
    objections.length > 0 && [el('p', {}, el('strong', {}, 'These two may not be compared, or only with care:')),
      attention(objections.map(text => ['warn', String(text)]))],
    el('ul', {class: 'legend', 'aria-label': 'What is compared'}, side('a'), side('b')),
    whoSentences(comparison),
    list(comparison.regressions).length > 0 && attention(list(comparison.regressions).map(regressionItem)),
    el('p', {class: 'sub'}, methodSentence(comparison.method)));
}

// A limit on a time or on what is counted has its words; one on a share of a time has them made here, with figures that can be traced.
const isOfChange = each => isNumber(each.limit) && each.what !== 'errors' && each.what !== 'wrong';
const regressionItem = (each, i) => [each.exceeded ? 'bad' : 'ok', el('span', {class: 'mono'}, String(each.clause)), each.exceeded ? ' is exceeded: ' : ' holds: ',
  ...(isOfChange(each) ? [String(each.what), ' changed by ', figure(`/comparison/regressions/${i}/change`, change), ', and ', figure(`/comparison/regressions/${i}/limit`, share), ' is allowed']
    : [String(each.sentence ?? '')])];

const kFindingSentences = {
  slower: 'B is slower', faster: 'B is faster', same: 'no difference that matters', higher: 'B does more', lower: 'B does less',
  too_few: 'too few to say', unclear: 'not clear: more or longer runs are needed',
};

// For whom it is better or worse, and how sure that is.
function whoSentences(comparison) {
  const items = [], confidence = comparison.method?.confidence;
  const certainty = isNumber(confidence) ? `${+(confidence * 100).toPrecision(4)}\u00a0% interval` : 'interval';
  list(comparison.differences).forEach((each, i) => {
    if (!['p50', 'p99', 'p99.9', 'rate'].includes(each?.what)) return;
    const [kind, tone, word] = findingOf(each, isVia(comparison)), path = `/comparison/differences/${i}`, who = kWhoFeels[each.what];
    const range = isNumber(each.low) && isNumber(each.high)
      ? [' (', figure(`${path}/change`, change), '; ', certainty, ' ', figure(`${path}/low`, change), ' to ', figure(`${path}/high`, change), ')']
      : isNumber(each.change) ? [' (', figure(`${path}/change`, change), ', without an interval)'] : '';
    const added = isVia(comparison) && isNumber(each.added_ns) && each.finding === 'slower';
    const text = added ? ['the proxy adds ', figure(`${path}/added_ns`, value => duration(Math.abs(value)))]
      : kFindingSentences[each.finding] ?? word;
    items.push(el('li', {}, shape(kind), el('span', {}, el('strong', {}, capital(who)), each.what === 'rate' ? '' : ` (${each.what})`, ': ', text, range)));
    items.at(-1).className = `tone-${tone}`;
  });
  return items.length > 0 ? el('ul', {class: 'attention who', 'aria-label': 'Who is better off'}, items) : null;
}

// A change as a place on an axis of ratios, on which half and double are equally far from none.
const ratioOf = value => Math.log(Math.max(1 + value, 0.01));
const kChangeTicks = [-0.9, -0.75, -0.5, -0.25, -0.1, -0.05, -0.02, 0, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 9, 19, 49, 99];

// As far as the intervals reach: what has none is chance, and must not press the others together.
function forestScale(differences, smallest) {
  const sure = differences.filter(each => isNumber(each.low) && isNumber(each.high));
  const all = (sure.length > 0 ? sure : differences).flatMap(each => [each.change, each.low, each.high]).filter(isNumber)
    .map(value => Math.abs(ratioOf(value)));
  const reach = Math.max(ratioOf(Math.max(smallest, 0.01) * 1.6), ...all) * 1.08;
  const x = value => 50 + 48 * Math.max(-1, Math.min(1, ratioOf(value) / reach));
  x.holds = value => Math.abs(ratioOf(value)) <= reach;
  return x;
}

const percentAt = value => `${value.toFixed(2)}%`;

function forestAxis(x) {
  const axis = svg('svg', {role: 'img', 'aria-label': 'Axis of change: left of the line B is less, right of it B is more'});
  let free = -Infinity;
  for (const tick of kChangeTicks) {
    const place = x(tick);
    if (place <= 2.5 || place >= 97.5 || (tick !== 0 && Math.abs(place - 50) < 9) || place - free < 15) continue;
    if (tick < 0 && place > 37) continue;
    free = place;
    const text = tick === 0 ? '0' : tick >= 1 ? `×${tick + 1}` : signed(tick, `${+Math.abs(tick * 100).toPrecision(3)}\u00a0%`);
    axis.append(svg('text', {x: percentAt(place), y: 31, 'text-anchor': 'middle'}, text));
  }
  axis.append(svg('text', {x: '0%', y: 12}, '◂ less in B'), svg('text', {x: '100%', y: 12, 'text-anchor': 'end'}, 'more in B ▸'));
  return axis;
}

function forestMark(difference, x, {smallest, via}) {
  const [kind, tone, word] = findingOf(difference, via);
  const {what, change: value, low, high} = difference;
  const between = isNumber(low) && isNumber(high) ? `, between ${change(low)} and ${change(high)}` : '';
  const drawing = svg('svg', {class: `tone-${tone}`, role: 'img',
    'aria-label': isNumber(value) ? `${what}: ${change(value)}${between}; ${word}` : `${what}: not known`});
  if (smallest > 0) {
    const left = x(-smallest), right = x(smallest);
    drawing.append(svg('rect', {class: 'band', x: percentAt(left), y: 0, width: percentAt(right - left), height: 34}));
  }
  drawing.append(svg('line', {class: 'zero', x1: '50%', x2: '50%', y1: 0, y2: 34}));
  if (isNumber(low) && isNumber(high)) {
    const ends = [x(low), x(high)].map(percentAt);
    drawing.append(svg('line', {class: 'span', x1: ends[0], x2: ends[1], y1: 17, y2: 17}),
      ...ends.map(end => svg('line', {class: 'span', x1: end, x2: end, y1: 11, y2: 23})));
  }
  if (isNumber(value) && x.holds(value)) {
    drawing.append(svg('svg', {x: percentAt(x(value)), y: 17, overflow: 'visible', width: 1, height: 1},
      svg('path', {class: 'mark', d: kShapes[kind], transform: 'translate(-7 -7) scale(1.4)'})));
  }
  return drawing;
}

function differencesSection(comparison) {
  const differences = list(comparison.differences), smallest = comparison.method?.smallest_effect ?? 0;
  if (differences.length === 0) return null;
  const via = isVia(comparison), x = forestScale(differences, smallest);
  const rows = differences.map((each, i) => {
    const path = `/comparison/differences/${i}`, timed = 'a_ns' in each, [kind, tone, word] = findingOf(each, via);
    const unit = timed ? ['a_ns', 'b_ns', duration] : ['a', 'b', rate];
    const interval = isNumber(each.low) && isNumber(each.high)
      ? el('span', {class: 'sub'}, ' ', figure(`${path}/low`, change), ' … ', figure(`${path}/high`, change)) : el('span', {class: 'sub'}, ' no interval');
    const added = timed && isNumber(each.added_ns) ? el('span', {}, figure(`${path}/added_ns`, addedDuration), isNumber(each.added_low_ns) && isNumber(each.added_high_ns)
      ? el('span', {class: 'sub'}, ' ', figure(`${path}/added_low_ns`, addedDuration), ' … ', figure(`${path}/added_high_ns`, addedDuration)) : '') : kNone;
    return [[String(each.what), el('span', {class: 'sub'}, kWhoFeels[each.what] ?? '')], forestMark(each, x, {smallest, via}), state(kind, tone, word),
      el('span', {}, figure(`${path}/change`, change), interval), figure(`${path}/${unit[0]}`, unit[2]), figure(`${path}/${unit[1]}`, unit[2]), added];
  });
  const num = text => ({text, num: true});
  const region = table('Differences of B from A, with their intervals', ['What', {text: 'Drawn', class: 'draw'}, {text: 'Finding', class: 'finding'},
    num('Change'), num('A'), num('B'), num(via ? 'The proxy adds' : 'B − A')], rows, {kind: 'forest'});
  region.querySelector('thead .draw').replaceChildren(el('span', {class: 'unseen'}, 'Drawn'), forestAxis(x));
  return panel('Differences', {sub: 'a line is the interval, the grey band is too little to matter'}, region,
    el('p', {class: 'sub'}, 'A finding is “unclear” where the interval holds both a difference that matters and none; ',
      '“too few” where too few requests lie beyond the percentile.'));
}

// The distributions of the two sides. A side's latency is one histogram, or one of each kind of time.
const sideHistogram = side => side?.latency?.percentiles_ns ? side.latency : side?.latency?.response ?? {};

function comparedCurves(comparison) {
  const series = ['a', 'b'].map((key, i) => ({name: `${key.toUpperCase()} ${sideName(comparison, key)}`, number: i + 1,
    histogram: sideHistogram(comparison[key]), on: true})).filter(each => countOf(each.histogram) > 0);
  return series.length > 0 ? panel('Latency by percentile', {}, percentileChart(series)) : null;
}

function sidesSection(comparison) {
  const num = text => ({text, num: true}), sides = ['a', 'b'], path = side => `/comparison/${side}`;
  const row = (title, make) => [title, ...sides.map(make)];
  const latency = side => comparison[side]?.latency?.percentiles_ns ? `${path(side)}/latency` : `${path(side)}/latency/response`;
  const rows = [
    row('target', side => name(comparison[side]?.target)),
    row('runs', side => figure(`${path(side)}/runs`, count)),
    row('a second', side => figure(`${path(side)}/rate`, rate)),
    ...kPercentiles.map(([key, title]) => row(title, side => [time(latency(side), `percentiles_ns/${key}`), fewSamples(at(latency(side)), key)])),
    row('max', side => time(latency(side), 'max_ns')), row('mean', side => time(latency(side), 'mean_ns')),
    row('replies counted', side => figure(`${latency(side)}/count`, count)),
    row('failed', side => figure(`${path(side)}/errors`, count)), row('wrong replies', side => figure(`${path(side)}/wrong_replies`, count)),
    row('started', side => moment(comparison[side]?.started)), row('machine', side => machineText(comparison[side]?.machine) ?? kNone),
  ];
  return panel('The two sides', {}, table('The two sides', ['', ...sides.map(side => num([`${side.toUpperCase()} `, name(sideName(comparison, side))]))]
    .map((head, i) => i === 0 ? {text: 'What', unseen: true} : head), rows, {kind: 'two'}));
}

function proxySection(comparison) {
  const {proxy} = comparison;
  if (!proxy) return null;
  const path = '/comparison/proxy';
  return panel('What the proxy costs', {sub: `${proxy.name ?? 'process'} ${proxy.pid ?? ''}`}, figures([
    ['CPU for each request', isNumber(proxy.us_per_request) ? figure(`${path}/us_per_request`, value => duration(value * 1000)) : kNone],
    ['processors in use', figure(`${path}/cores`, plainNumber)], ['CPU time', figure(`${path}/cpu_s`, seconds)]]));
}

const commandSection = document => commandLine(document.command)
  ? panel(`How ${document.kind === 'capacity' ? 'the search' : 'the comparison'} was made`, {}, el('pre', {}, commandLine(document.command)),
    facts([['weir-load', document.version], ['target', document.target && name(document.target)], ['started', document.started && moment(document.started)],
      ['machine', machineText(document.machine)]])) : null;
