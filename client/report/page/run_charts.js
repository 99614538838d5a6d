// ---- Charts of runs -------------------------------------------------------------------------------------------------

const kMargin = {left: 62, right: 12, top: 10, bottom: 26};
const inside = (width, height, top = kMargin.top) =>
  ({left: kMargin.left, right: width - kMargin.right, top, bottom: height - kMargin.bottom});

const percentText = wanted => `${+(wanted * 100).toPrecision(12)}\u00a0%`;

// Percentile curves over 1 / (1 − p), as HdrHistogram's plotter draws them: each decade to the right is a request in ten
// times as many. A series is {name, histogram, number, on}; a limit {what: '99', limit}.
function percentileChart(series, {title, limits = []} = {}) {
  series = series.filter(each => curveOf(each.histogram).length > 0);
  if (series.length === 0) return el('p', {class: 'sub'}, 'No reply was counted, so there is no distribution to draw.');
  let linear = false;
  const words = series.map(({name: of, histogram}) => `${of}: ${[['50', 'p50'], ['99', 'p99'], ['99.9', 'p99.9']]
    .map(([key, text]) => `${text} ${duration(percentileOf(histogram, key))}`).join(', ')}, max ${duration(histogram.max_ns)}`);
  const figureNode = chart({
    title, note: 'how slow the slowest part of all requests is; further right is rarer', height: width => width < 500 ? 280 : 360,
    describe: `Latency at each percentile. ${words.join('. ')}.`,
    draw: surface => drawPercentiles(surface, series.filter(each => each.on), limits, linear),
  });
  const redraw = () => figureNode.redraw();
  return [el('div', {class: 'controls'}, series.length > 1 && legend(series, redraw),
    el('div', {class: 'legend'}, toggle('linear latency axis', on => { linear = on; redraw(); }))), figureNode];
}

function drawPercentiles({plot, width, height}, series, limits, linear) {
  const box = inside(width, height), most = Math.max(10, ...series.map(each => countOf(each.histogram)));
  const x = logScale(1, most, box.left, box.right);
  const xOf = part => x(1 / Math.max(1 - part, 1 / most));
  const [low, high] = latencyBounds([...series.flatMap(({histogram}) => [curveOf(histogram)[0][0], histogram.max_ns]),
    ...limits.map(each => each.limit)], {linear});
  const y = linear ? linearScale(low, high, box.bottom, box.top) : logScale(low, high, box.bottom, box.top);
  const decades = [0, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999, 0.9999999].filter(part => 1 / (1 - part) <= most * 1.0001);

  if (series.length > 0) {
    // Right of this fewer than ten requests lie beyond, so chance has the word.
    const least = Math.max(...series.map(each => countOf(each.histogram))), few = x(Math.max(1, least / 10));
    plot.append(svg('rect', {class: 'few', x: few, y: box.top, width: Math.max(0, box.right - few), height: box.bottom - box.top}));
    if (box.right - few > 70) plot.append(svg('text', {class: 'halo', x: box.right - 4, y: box.top + 13, 'text-anchor': 'end'}, 'few requests'));
  }
  leftAxis(plot, {box, ticks: linear ? linearTicks(low, high, 7) : logTicks(low, high, 8), scale: y, format: tickDuration});
  bottomAxis(plot, {box, ticks: decades, scale: part => x(1 / (1 - part)), format: percentText});

  for (const {what, limit} of limits) {
    const end = what === 'max' ? box.right : xOf(Number(what) / 100);
    plot.append(svg('path', {class: 'limit', d: `M${box.left} ${y(limit)}H${end.toFixed(1)}V${box.top}`}),
      svg('text', {class: 'limit-text halo', x: box.left + 6, y: y(limit) + (y(limit) < box.top + 13 ? 14 : -5)},
        `SLO ${what === 'max' ? 'max' : `p${what}`} ≤ ${duration(limit)}`));
  }
  const drawn = [];
  for (const {histogram, number, name: label} of series) {
    let lastX = -1;
    const points = [], curve = curveOf(histogram);
    let from = box.left;
    for (const [value, part] of curve) {
      const to = part >= 1 ? x(countOf(histogram)) : xOf(part);
      if (to - lastX > 0.4 || part === 1) {
        points.push([from, y(value)], [to, y(value)]);
        lastX = to;
        from = to;
      }
    }
    plot.append(svg('g', {class: `s${number}`}, svg('path', {class: 'curve', d: pathOf(points)})));
    drawn.push({points, label: label.length > 28 ? `…${label.slice(-27)}` : label});
  }
  if (series.length > 1) labelCurves(plot, box, drawn);
  return position => {
    if (position < box.left || position > box.right || series.length === 0) return null;
    const part = 1 - 1 / most ** ((position - box.left) / (box.right - box.left));
    const places = Math.max(0, Math.ceil(-Math.log10(1 - part)) - 1);
    const values = series.map(({name: of, histogram}) => `${series.length > 1 ? `${of} ` : ''}${duration(valueAt(curveOf(histogram), part))}`);
    return {x: position, text: `p${(part * 100).toFixed(places)}: ${values.join(' · ')}`};
  };
}

// Each curve's name where it is furthest from the others.
function labelCurves(plot, box, drawn) {
  const heightAt = (points, x) => points.find(point => point[0] >= x)?.[1] ?? points.at(-1)?.[1], taken = [];
  drawn.forEach(({points, label}, i) => {
    if (points.length === 0) return;
    let best = {apart: -2};
    for (let step = 3; step <= 15; step++) {
      const x = box.left + (Math.min(box.right, points.at(-1)[0]) - box.left) * step / 20, y = heightAt(points, x);
      const apart = Math.min(60, ...drawn.filter((_, other) => other !== i).map(other => Math.abs(heightAt(other.points, x) - y)));
      if (apart > best.apart + 1) best = {x, y, apart};
    }
    plot.append(svg('text', {class: 'strong halo', x: best.x, y: placed(taken, Math.max(best.y - 8, box.top + 10)), 'text-anchor': 'end'}, label));
  });
}

// ---- over time

const mostColumns = box => Math.max(40, Math.floor((box.right - box.left) / 3));

function timeTicks(end, width) {
  if (end <= 300) return linearTicks(0, end, Math.max(3, Math.floor(width / 90)));
  const most = Math.max(3, Math.floor(width / 90));
  const step = [60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400].find(each => end / each <= most) ?? end / 4;
  return Array.from({length: Math.floor(end / step) + 1}, (_, i) => i * step);
}

function markWarmup(plot, box, x, warmup) {
  if (!(warmup > 0)) return;
  const end = Math.min(x(warmup), box.right);
  plot.append(svg('rect', {class: 'warmup', x: box.left, y: box.top, width: Math.max(0, end - box.left), height: box.bottom - box.top}),
    svg('line', {class: 'plan', x1: end, x2: end, y1: box.top, y2: box.bottom}));
  if (end - box.left > 52) plot.append(svg('text', {class: 'halo', x: box.left + 5, y: box.top + 13}, 'warmup'));
}

const kRows = 44, kLevels = 8;

// How many of the latencies of a column fall into each row of a logarithmic axis.
function heatOf(columns, low, high) {
  const factor = kRows / Math.log(high / low);
  return columns.map(({part}) => {
    const rows = new Float64Array(kRows);
    for (const {buckets} of part) {
      for (const [lowest, times] of list(buckets)) {
        const row = Math.floor(Math.log(Math.max(highestOf(lowest), low) / low) * factor);
        rows[Math.min(kRows - 1, Math.max(0, row))] += times;
      }
    }
    return rows;
  });
}

// All latencies of a run over time: each cell is as dark as it holds many, on a logarithmic scale, so that one that took
// long is seen beside a million that did not. `bounds` and `end` are shared by runs that are drawn one below the other.
function heatMap(report, {title, note, bounds, end}) {
  const steady = steadiness(report), what = report.workload === 'connect' ? 'cycle times' : 'response times';
  const describe = `Heat map of ${what} over ${clock(end)}, from ${duration(bounds[0])} to ${duration(bounds[1])} on a logarithmic axis. ` +
    (steady ? `In eight of ten intervals p99 lay between ${duration(steady.p99.low)} and ${duration(steady.p99.high)}; the highest was ` +
      `${duration(steady.p99.most)}, at ${clock(steady.worstAt)}.` : 'There are fewer than five intervals.');
  return chart({title, note, describe, height: 270, draw({plot, width, height}) {
    const box = inside(width, height), x = linearScale(0, end, box.left, box.right);
    const y = logScale(bounds[0], bounds[1], box.bottom, box.top);
    const columns = columnsOf(report, mostColumns(box));
    const heat = heatOf(columns, bounds[0], bounds[1]), step = (box.bottom - box.top) / kRows;
    const density = (rows, i) => rows / Math.max(columns[i].length, 1e-9);
    const most = heat.reduce((max, rows, i) => Math.max(max, ...rows.map(each => density(each, i))), 0);
    const least = 1 / Math.max(...columns.map(each => each.length), 1e-9);
    leftAxis(plot, {box, ticks: logTicks(bounds[0], bounds[1], 7), scale: y, format: tickDuration});
    bottomAxis(plot, {box, ticks: timeTicks(end, width), scale: x, format: clock, lines: false});
    const paths = Array.from({length: kLevels}, () => []);
    heat.forEach((rows, i) => {
      const left = x(columns[i].from), right = Math.max(x(columns[i].to), left + 1);
      rows.forEach((times, row) => {
        if (times === 0) return;
        const place = Math.log(Math.max(density(times, i) / least, 1)) / Math.log(Math.max(most / least, 2));
        paths[Math.min(kLevels - 1, Math.floor(place * kLevels))].push(
          `M${left.toFixed(1)} ${(box.bottom - (row + 1) * step).toFixed(1)}H${right.toFixed(1)}v${step.toFixed(2)}H${left.toFixed(1)}z`);
      });
    });
    paths.forEach((cells, level) => cells.length > 0 && plot.append(svg('path', {class: `heat heat-${level + 1}`, d: cells.join('')})));
    markWarmup(plot, box, x, warmupOf(report));
    const taken = [];
    for (const [key, kind] of [['p50', 'second'], ['p99', 'first']]) {
      for (const run of runsOf(columns, key)) {
        const d = pathOf(run.map(column => [x((column.from + column.to) / 2), y(column[key])]));
        plot.append(svg('path', {class: 'over', d}), svg('path', {class: `line ${kind}`, d}));
      }
      const last = columns.findLast(column => isNumber(column[key]));
      if (last) plot.append(svg('text', {class: 'strong halo', x: box.right - 3, y: placed(taken, y(last[key]) - 6), 'text-anchor': 'end'}, key));
    }
    return readColumns(columns, x, box, column => `${clock(column.to)}: p50 ${duration(column.p50)} · p99 ${duration(column.p99)} · ` +
      `${rate(column.rate)} a second`);
  }});
}

// Stretches of neighbouring columns that have a value, longer than one.
function runsOf(columns, key) {
  const runs = [[]];
  for (const column of columns) {
    if (isNumber(column[key])) runs.at(-1).push(column);
    else runs.push([]);
  }
  return runs.filter(run => run.length > 0);
}

function readColumns(columns, x, box, text) {
  return position => {
    const column = columns.find(each => x(each.from) <= position && position <= x(each.to));
    return column && position >= box.left ? {x: x((column.from + column.to) / 2), text: text(column)} : null;
  };
}

// One value of several runs over time, as lines that begin together. `low` is 0 for rates; a latency axis is logarithmic.
function timeLines(runs, {title, note, key, describe, latency = false, plan = null, height = 200}) {
  const end = Math.max(...runs.map(run => timeEnd(run.report)), 1e-3);
  return chart({title, note, describe, height, draw({plot, width, height: size}) {
    const box = inside(width, size), x = linearScale(0, end, box.left, box.right);
    const lines = runs.map(run => ({run, columns: columnsOf(run.report, mostColumns(box))}));
    const values = lines.flatMap(({columns}) => columns.map(column => column[key])).filter(isNumber);
    const bounds = latency ? latencyBounds(values) : [0, (Math.max(0, ...values, plan ?? 0) || 1) * 1.08];
    const y = latency ? logScale(...bounds, box.bottom, box.top) : linearScale(...bounds, box.bottom, box.top);
    leftAxis(plot, {box, ticks: latency ? logTicks(...bounds, 6) : linearTicks(...bounds, 5), scale: y, format: latency ? tickDuration : short});
    bottomAxis(plot, {box, ticks: timeTicks(end, width), scale: x, format: clock, lines: false});
    if (runs.length === 1) markWarmup(plot, box, x, warmupOf(runs[0].report));
    if (isNumber(plan)) {
      plot.append(svg('line', {class: 'plan', x1: box.left, x2: box.right, y1: y(plan), y2: y(plan)}),
        svg('text', {class: 'halo', x: box.right - 3, y: y(plan) - 5, 'text-anchor': 'end'}, 'plan'));
    }
    for (const {run, columns} of lines) {
      for (const stretch of runsOf(columns, key)) {
        // A rate holds over its interval, so it is a step.
        const points = latency ? stretch.map(each => [x((each.from + each.to) / 2), y(each[key])])
          : stretch.flatMap(each => [[x(each.from), y(each[key])], [x(each.to), y(each[key])]]);
        const group = svg('g', {class: `s${run.number}`});
        if (runs.length === 1 && !latency) {
          group.append(svg('path', {class: 'area', d: `${pathOf(points)}V${box.bottom}H${points[0][0].toFixed(1)}z`}));
        }
        group.append(svg('path', {class: 'curve', d: pathOf(points)}));
        plot.append(group);
      }
    }
    const format = latency ? duration : rate;
    return position => {
      const found = lines.map(({run, columns}) => [run, columns.find(each => x(each.from) <= position && position <= x(each.to))])
        .filter(([, column]) => column);
      if (position < box.left || found.length === 0) return null;
      return {x: position, text: `${clock(found[0][1].to)}: ${found.map(([run, column]) =>
        `${runs.length > 1 ? `${run.label} ` : ''}${format(column[key])}`).join(' · ')}`};
    };
  }});
}

// Errors over time, a bar each column.
function errorBars(run) {
  const {report} = run, end = Math.max(timeEnd(report), 1e-3), all = intervalsOf(report);
  const total = all.reduce((sum, each) => sum + (each.errors ?? 0), 0);
  const worst = all.reduce((a, b) => (b.errors ?? 0) > (a.errors ?? 0) ? b : a, {errors: 0, at_s: 0});
  return chart({
    title: 'Errors', note: 'in each interval', height: 110,
    describe: `Errors over time: ${count(total)} in all, at most ${count(worst.errors)} in one interval, which ended at ${clock(worst.at_s)}.`,
    draw({plot, width, height}) {
      const box = inside(width, height), x = linearScale(0, end, box.left, box.right);
      const columns = columnsOf(report, mostColumns(box));
      const most = Math.max(1, ...columns.map(each => each.errors)), y = linearScale(0, most, box.bottom, box.top);
      leftAxis(plot, {box, ticks: [0, most], scale: y, format: short});
      bottomAxis(plot, {box, ticks: timeTicks(end, width), scale: x, format: clock, lines: false});
      markWarmup(plot, box, x, warmupOf(report));
      for (const column of columns.filter(each => each.errors > 0)) {
        const left = x(column.from), top = Math.min(y(column.errors), box.bottom - 2);
        plot.append(svg('rect', {class: 'errors', x: left, y: top, width: Math.max(1.5, x(column.to) - left - 0.5), height: box.bottom - top}));
      }
      return readColumns(columns, x, box, column => `${clock(column.to)}: ${plural(column.errors, 'error')}`);
    },
  });
}
