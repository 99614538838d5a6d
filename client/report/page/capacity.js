// ---- Capacity -------------------------------------------------------------------------------------------------------

const kGaveWay = {
  server: 'The server gave way', generator: 'The generator gave way: the target may take more', network: 'The network gave way',
  machine: 'The machine gave way, on which generator and perhaps server run', nothing: 'Nothing gave way: the search ended before a limit was found',
};

function capacityVerdict(capacity) {
  const slo = listed(list(capacity.slo).map(String)) || 'the objectives', known = isNumber(capacity.capacity);
  const trusted = ['server', 'network'].includes(capacity.gave_way);
  const tone = !known ? 'bad' : trusted ? 'ok' : 'warn';
  const headline = known ? [trusted ? '' : 'At least ', figure('/capacity/capacity', rate), ' requests a second'] : 'No rate met the objectives';
  return verdict(tone, kToneShapes[tone], headline,
    el('p', {class: 'plain'}, known ? `That is the highest rate that was tried and met ${slo}. ` : `What was asked for: ${slo}. `,
      isNumber(capacity.fails_at) ? ['At ', figure('/capacity/fails_at', rate), ' a second it no longer did.'] : known ? 'No rate that was tried failed.' : ''),
    el('p', {}, el('strong', {}, kGaveWay[capacity.gave_way] ?? String(capacity.gave_way ?? 'What gave way is not known')),
      capacity.reason ? `: ${capacity.reason}` : ''),
    capacity.gave_way === 'generator' || capacity.gave_way === 'machine'
      ? attention([['warn', 'The limit was on our side, so the capacity is a lower bound: use more threads or another machine']]) : null,
    known && isNumber(capacity.fails_at) && el('p', {class: 'sub'}, `The limit lies between the two: ${share(capacity.fails_at / capacity.capacity - 1)} apart. ` +
      'Each step is one short run; a capacity is only as exact as its steps are long.'));
}

const kStepSeries = [['p50_ns', 'p50', 1], ['p99_ns', 'p99', 2], ['p99.9_ns', 'p99.9', 3]];

function capacityChart(capacity) {
  const steps = list(capacity.steps).map((step, i) => ({...step, i})).filter(step => isNumber(step.rate)).sort((a, b) => a.rate - b.rate);
  if (steps.length === 0) return panel('Latency over load', {}, el('p', {class: 'sub'}, 'No step was made.'));
  const limits = list(capacity.slo).map(latencyClause).filter(Boolean);
  const series = kStepSeries.filter(([key]) => steps.some(step => step[key] > 0)).map(([key, title, number]) => ({name: title, key, number, on: true}));
  const describe = `Latency over load in ${steps.length} steps. ` + steps.map(step =>
    `${rate(step.rate)} a second: p99 ${duration(step.p99_ns)}, ${step.met ? 'met' : 'not met'}`).join('; ') + '.';
  const node = chart({note: 'each mark is a step', describe, height: width => width < 500 ? 300 : 380, draw(surface) {
    return drawCapacity(surface, capacity, steps, series.filter(each => each.on), limits);
  }});
  const key = (kind, tone, text) => el('li', {}, el('span', {class: 'item'}, state(kind, tone, text)));
  return panel('Latency over load', {}, el('div', {class: 'controls'}, legend(series, () => node.redraw())),
    el('ul', {class: 'legend', 'aria-label': 'What the marks mean'}, key('circle', 'ok', 'objectives met'), key('cross', 'bad', 'not met')), node);
}

function drawCapacity({plot, width, height}, capacity, steps, series, limits) {
  const box = {...inside(width, height, 24), bottom: height - 42}, rates = steps.map(step => step.rate);
  const low = Math.min(...rates), high = Math.max(...rates), wide = low > 0 && high / low > 8;
  const room = (high - low) * 0.06 + high * 0.02;
  const x = wide ? logScale(low * 0.9, high * 1.08, box.left, box.right)
    : linearScale(Math.max(0, low - room), high + room, box.left, box.right);
  const bounds = latencyBounds([...steps.flatMap(step => series.map(each => step[each.key])), ...limits.map(each => each.limit)]);
  const y = logScale(...bounds, box.bottom, box.top);
  leftAxis(plot, {box, ticks: logTicks(...bounds, 7), scale: y, format: tickDuration});
  const ticks = wide ? logTicks(low, high, Math.floor(width / 110)) : linearTicks(low, high, Math.floor(width / 100) + 1);
  bottomAxis(plot, {box, ticks, scale: x, format: short});
  plot.append(svg('text', {x: box.right, y: height - 6, 'text-anchor': 'end'}, `requests a second, planned${wide ? ' (logarithmic)' : ''}`));
  for (const {what, limit} of limits) {
    plot.append(svg('line', {class: 'limit', x1: box.left, x2: box.right, y1: y(limit), y2: y(limit)}),
      svg('text', {class: 'limit-text halo', x: box.left + 5, y: y(limit) - 5}, `SLO ${what === 'max' ? 'max' : `p${what}`} ≤ ${duration(limit)}`));
  }
  if (isNumber(capacity.capacity)) {
    const place = x(capacity.capacity), right = place < (box.left + box.right) / 2;
    plot.append(svg('line', {class: 'plan', x1: place, x2: place, y1: box.top - 8, y2: box.bottom}),
      svg('text', {class: 'strong halo', x: place + (right ? 5 : -5), y: box.top - 10, 'text-anchor': right ? 'start' : 'end'}, `capacity ${rate(capacity.capacity)}`));
  }
  const taken = [];
  for (const each of series) {
    const points = steps.filter(step => step[each.key] > 0);
    if (points.length === 0) continue;
    plot.append(svg('g', {class: `s${each.number}`}, svg('path', {class: 'curve', d: pathOf(points.map(step => [x(step.rate), y(step[each.key])]))})));
    plot.append(svg('text', {class: 'strong halo', x: x(points[0].rate) + 8, y: placed(taken, y(points[0][each.key]) - 9)}, each.name));
  }
  for (const each of series) {
    for (const step of steps.filter(known => known[each.key] > 0)) {
      plot.append(svg('path', {class: step.met ? 'met' : 'unmet', d: kShapes[step.met ? 'circle' : 'cross'],
        transform: `translate(${(x(step.rate) - 6).toFixed(1)} ${(y(step[each.key]) - 6).toFixed(1)}) scale(1.2)`}));
    }
  }
  return position => {
    const step = steps.reduce((best, each) => Math.abs(x(each.rate) - position) < Math.abs(x(best.rate) - position) ? each : best);
    const values = series.map(each => `${each.name} ${duration(step[each.key])}`).join(' · ');
    return {x: x(step.rate), text: `${rate(step.rate)} a second: ${values}, ${step.met ? 'met' : 'not met'}`};
  };
}

function stepsTable(capacity) {
  const num = text => ({text, num: true}), steps = list(capacity.steps);
  if (steps.length === 0) return null;
  const order = steps.map((step, i) => i).sort((a, b) => (steps[a].rate ?? 0) - (steps[b].rate ?? 0));
  return panel('Steps', {sub: 'by rate; the number says in which order they were made'}, table('Steps of the search',
    ['Planned a second', num('step'), 'objectives', num('achieved'), num('p50'), num('p99'), num('p99.9'), num('failed'), num('length'), 'limited by'],
    order.map(i => {
      const path = `/capacity/steps/${i}`, step = steps[i];
      return {main: step.rate === capacity.capacity, cells: [figure(`${path}/rate`, rate), String(i + 1),
        step.met ? state('circle', 'ok', 'met') : [state('cross', 'bad', 'not met'), el('span', {class: 'sub'}, ` ${list(step.broken).map(String).join('; ')}`)],
        figure(`${path}/achieved`, rate), ...['p50_ns', 'p99_ns', 'p99.9_ns'].map(key => figure(`${path}/${key}`, duration)),
        figure(`${path}/errors`, count), figure(`${path}/length_s`, seconds), String(step.limited_by ?? kNone)]};
    }), {kind: 'steps'}));
}
