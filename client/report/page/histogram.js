// ---- Histograms and time series --------------------------------------------------------------------------------------

const countOf = histogram => isNumber(histogram?.count) ? histogram.count : 0;
const percentileOf = (histogram, key) => {
  const value = key === 'max' ? histogram?.max_ns : key === 'mean' ? histogram?.mean_ns : histogram?.percentiles_ns?.[key];
  return isNumber(value) ? value : null;
};

// The highest value of the bucket that begins at `lowest`: each nanosecond has one below 2048, and above that every power
// of two has 1024 of them.
function highestOf(lowest) {
  if (lowest < 2048) return lowest;
  return lowest + 2 ** (Math.floor(Math.log2(lowest)) - 10) - 1;
}

const curves = new WeakMap();

// The distribution as [value in ns, share of all that did not exceed it], rising.
function curveOf(histogram) {
  if (curves.has(histogram)) return curves.get(histogram);
  const total = countOf(histogram), points = [];
  let below = 0;
  for (const [lowest, times] of list(histogram.buckets)) {
    below += times;
    const value = highestOf(lowest);
    points.push([isNumber(histogram.max_ns) ? Math.min(value, histogram.max_ns) : value, total > 0 ? below / total : 0]);
  }
  curves.set(histogram, points);
  return points;
}

function valueAt(points, wanted) {
  let low = 0, high = points.length - 1;
  if (high < 0 || points[high][1] < wanted - 1e-12) return null;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle][1] >= wanted - 1e-12) high = middle;
    else low = middle + 1;
  }
  return points[low][0];
}

// A percentile of buckets that were added up, which are a Map of lowest value to count.
function percentileOfMap(buckets, wanted) {
  const sorted = [...buckets].sort((a, b) => a[0] - b[0]);
  let left = Math.ceil(wanted * sorted.reduce((sum, [, times]) => sum + times, 0));
  for (const [lowest, times] of sorted) if ((left -= times) <= 0) return highestOf(lowest);
  return null;
}

const warmupOf = report => report.options?.warmup_s ?? 0;
const intervalsOf = report => list(report.intervals).filter(each => isNumber(each?.at_s) && isNumber(each?.length_s));
const measured = report => intervalsOf(report).filter(each => each.at_s > warmupOf(report) + 1e-6);
const timeEnd = report => Math.max(0, ...intervalsOf(report).slice(-1).map(each => each.at_s));

const series = new WeakMap();  // of a report: its columns, by how many intervals each holds

// The time series in at most so many columns: neighbours are added up.
function columnsOf(report, most) {
  const together = Math.max(1, Math.ceil(intervalsOf(report).length / most));
  if (!series.has(report)) series.set(report, new Map());
  const known = series.get(report);
  if (!known.has(together)) known.set(together, mergeNeighbours(intervalsOf(report), together));
  return known.get(together);
}

function mergeNeighbours(all, together) {
  const columns = [];
  for (let begin = 0; begin < all.length; begin += together) {
    const part = all.slice(begin, begin + together), last = part.at(-1);
    const length = part.reduce((sum, each) => sum + each.length_s, 0);
    const column = {
      from: part[0].at_s - part[0].length_s, to: last.at_s, length, part,
      done: part.reduce((sum, each) => sum + (each.done ?? 0), 0),
      errors: part.reduce((sum, each) => sum + (each.errors ?? 0), 0),
    };
    Object.assign(column, part.length === 1 ? timesOfOne(last) : timesOfMany(part));
    column.rate = length > 0 ? column.done / length : null;
    columns.push(column);
  }
  return columns;
}

// In the warmup requests are counted and no times: those are null then, and not zero.
const timesOfOne = each => ({p50: each.p50_ns > 0 ? each.p50_ns : null, p99: each.p99_ns > 0 ? each.p99_ns : null});

function timesOfMany(part) {
  const sums = new Map();
  for (const each of part) for (const [lowest, times] of list(each.buckets)) sums.set(lowest, (sums.get(lowest) ?? 0) + times);
  if (sums.size > 0) return {p50: percentileOfMap(sums, 0.5), p99: percentileOfMap(sums, 0.99)};
  const worst = key => Math.max(0, ...part.map(each => each[key] ?? 0)) || null;  // a report without buckets
  return {p50: worst('p50_ns'), p99: worst('p99_ns')};
}

// How steady the measured time was: between which values eight of ten intervals lay, and the worst one. Null where there
// are too few of them.
function steadiness(report) {
  const parts = measured(report).filter(each => each.done > 0 && each.length_s > 0);
  if (parts.length < 5) return null;
  const spread = values => {
    const sorted = [...values].sort((a, b) => a - b), rank = part => sorted[Math.round(part * (sorted.length - 1))];
    return {low: rank(0.1), high: rank(0.9), most: sorted.at(-1)};
  };
  const worst = parts.reduce((a, b) => (b.p99_ns ?? 0) > (a.p99_ns ?? 0) ? b : a);
  return {parts: parts.length, length: parts[0].length_s, rate: spread(parts.map(each => each.done / each.length_s)),
    p99: spread(parts.map(each => each.p99_ns ?? 0)), worstAt: worst.at_s};
}
