// ---- Charts ---------------------------------------------------------------------------------------------------------

const logScale = (low, high, from, to) => value =>
  from + (to - from) * Math.log(Math.max(value, low) / low) / Math.log(high / low || 2);
const linearScale = (low, high, from, to) => value => from + (to - from) * (value - low) / (high - low || 1);

const kLogSteps = [[1], [1, 3], [1, 2, 5], [1, 2, 3, 5, 7], [1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9]];

function logTicks(low, high, most) {
  let best = [];
  for (const steps of kLogSteps) {
    const ticks = [];
    for (let decade = Math.floor(Math.log10(low)); decade <= Math.log10(high); decade++) {
      for (const step of steps) {
        const tick = +(step * 10 ** decade).toPrecision(3);
        if (tick >= low && tick <= high) ticks.push(tick);
      }
    }
    if (ticks.length <= most) best = ticks;
  }
  return best.length >= 2 ? best : linearTicks(low, high, most);
}

function linearTicks(low, high, most) {
  const rough = (high - low) / Math.max(1, most - 1) || 1;
  const decade = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map(each => each * decade).find(each => each >= rough * 0.999);
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) ticks.push(+(i * step).toPrecision(12));
  return ticks;
}

// Bounds of a latency axis that leave a little room, at least a factor of two apart.
function latencyBounds(values, {linear = false} = {}) {
  const known = values.filter(value => isNumber(value) && value > 0);
  if (known.length === 0) return [1e6, 1e7];
  const high = Math.max(...known), low = Math.min(...known);
  if (linear) return [0, high * 1.05];
  const room = Math.max(0, Math.log(2) - Math.log(high / low)) / 2 + 0.06;
  return [Math.max(0.5, low * Math.exp(-room)), high * Math.exp(room)];
}

const pathOf = points => points.map(([x, y], i) => `${i ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`).join('');

const drawings = new Map();  // of a holder: how to draw it again
const widths = new ResizeObserver(entries => entries.forEach(({target}) => drawings.get(target)?.()));

// A figure that is drawn to the width that it has. `describe` says in words what it shows, for those who do not see it;
// `draw(surface)` fills surface.plot, and may return read(x), which says what stands there: {x, text} or null.
function chart({title, note, height, describe, draw}) {
  const readout = el('span', {class: 'readout', 'aria-hidden': 'true'});
  const plot = svg('svg', {class: 'plot', role: 'img', 'aria-label': describe});
  const holder = el('figure', {class: 'chart'}, el('figcaption', {}, title && el('h3', {}, title),
    note && el('span', {class: 'sub'}, note), readout), plot);
  let drawn = 0, read = null, cursor = null, size = 0;
  const redraw = (again = true) => {
    const width = Math.max(240, Math.round(holder.clientWidth));
    if (!again && width === drawn) return;
    drawn = width;
    size = typeof height === 'function' ? height(width) : height;
    plot.replaceChildren();
    plot.setAttribute('viewBox', `0 0 ${width} ${size}`);
    cursor = svg('line', {class: 'cursor', y1: 0, y2: size - 24, visibility: 'hidden'});
    read = draw({plot, width, height: size}) ?? null;
    plot.append(cursor);
  };
  drawings.set(holder, () => redraw(false));
  widths.observe(holder);
  plot.addEventListener('pointermove', event => {
    const box = plot.getBoundingClientRect();
    const found = read?.((event.clientX - box.left) * drawn / box.width);
    cursor.setAttribute('visibility', found ? 'visible' : 'hidden');
    readout.textContent = found?.text ?? '';
    if (found) ['x1', 'x2'].forEach(end => cursor.setAttribute(end, found.x.toFixed(1)));
  });
  plot.addEventListener('pointerleave', () => {
    cursor?.setAttribute('visibility', 'hidden');
    readout.textContent = '';
  });
  holder.redraw = redraw;
  return holder;
}

// The frame of a plot: grid and numbers on the left for `ticks`, and a line below.
function leftAxis(plot, {box, ticks, scale, format}) {
  for (const tick of ticks) {
    const y = scale(tick);
    if (y < box.top - 1 || y > box.bottom + 1) continue;
    plot.append(svg('line', {class: 'grid', x1: box.left, x2: box.right, y1: y, y2: y}),
      svg('text', {x: box.left - 7, y: y + 4, 'text-anchor': 'end'}, format(tick)));
  }
  plot.append(svg('line', {class: 'axis', x1: box.left, x2: box.right, y1: box.bottom, y2: box.bottom}));
}

// Numbers below, as many as have room.
function bottomAxis(plot, {box, ticks, scale, format, lines = true}) {
  let free = -Infinity;
  for (const tick of ticks) {
    const x = scale(tick), text = format(tick), half = text.length * 3.3;
    if (x < box.left - 1 || x > box.right + 1) continue;
    if (lines) plot.append(svg('line', {class: 'grid', x1: x, x2: x, y1: box.top, y2: box.bottom}));
    const middle = Math.min(Math.max(x, half), box.right - half + 4);
    if (middle - half < free) continue;
    free = middle + half + 8;
    plot.append(svg('text', {x: middle, y: box.bottom + 17, 'text-anchor': 'middle'}, text));
  }
}

const tickDuration = ns => duration(ns).replace(/\.(\d*?)0+(?=\D|$)/, (_, kept) => kept ? `.${kept}` : '');
function clock(value) {
  if (value < 120) return join(+value.toFixed(2), 's');
  const whole = Math.round(value);
  return join(Math.floor(whole / 60), 'min') + (whole % 60 ? `\u00a0${join(whole % 60, 's')}` : '');
}

// The nearest y at which a label overlaps none of those placed before.
function placed(taken, y, gap = 13) {
  let best = y;
  for (let step = 0; taken.some(other => Math.abs(other - best) < gap); step++) {
    best = y + (step % 2 ? -1 : 1) * Math.ceil((step + 1) / 2) * gap / 2;
  }
  taken.push(best);
  return best;
}

const sample = number => svg('svg', {class: `sample s${number}`, viewBox: '0 0 34 12', 'aria-hidden': 'true'},
  svg('path', {class: `curve s${number}`, d: 'M0 6h34'}));

// A legend whose items switch their series on and off.
function legend(series, changed, label = 'Which curves are drawn') {
  const items = series.map(each => {
    const box = el('input', {type: 'checkbox'});
    box.checked = each.on;
    box.addEventListener('change', () => { each.on = box.checked; changed(); });
    return el('li', {}, el('label', {}, box, sample(each.number), name(each.name)));
  });
  return el('div', {role: 'group', 'aria-label': label}, el('ul', {class: 'legend'}, items));
}

function toggle(text, changed) {
  const box = el('input', {type: 'checkbox'});
  box.addEventListener('change', () => changed(box.checked));
  return el('label', {class: 'toggle'}, box, text);
}
