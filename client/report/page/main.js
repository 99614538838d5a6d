// ---- The page -------------------------------------------------------------------------------------------------------

// What a part of the document cannot be drawn from must not take the rest with it.
function part(make) {
  try {
    return make();
  } catch (error) {
    return panel('A part that could not be drawn', {}, el('p', {class: 'sub'}, String(error)));
  }
}

function titleOf(runs, comparison, capacity) {
  if (capacity) return ['Capacity of ', name(capacity.target)];
  if (comparison) {
    const sides = ['a', 'b'].map(side => name(isVia(comparison) && comparison[side]?.target || sideName(comparison, side)));
    return isVia(comparison) ? ['What the proxy adds: ', sides[1], ' beside ', sides[0]] : [sides[1], ' compared with ', sides[0]];
  }
  if (runs.length === 1) return [`${runs[0].report.workload ?? ''} `, name(runs[0].report.target)];
  if (runs.length > 3) return [`${runs.length} runs`];
  return runs.length === 0 ? ['Nothing to show'] : [`${runs.length} runs: `, runs.map((run, i) => [i > 0 && ', ', name(run.label)])];
}

function subtitleOf(runs, comparison, capacity) {
  if (capacity) return `${capacity.endpoint ?? ''} · ${moment(capacity.started)}`;
  if (comparison) return `A ${moment(comparison.a?.started)} · B ${moment(comparison.b?.started)}`;
  if (runs.length === 1) {
    const [{report, label}] = runs;
    return [shapeOf(report), moment(report.started), label !== report.target && label].filter(Boolean).join(' · ');
  }
  return '';
}

function partsOf(runs, comparison, capacity) {
  const parts = [];
  if (capacity) {
    parts.push(() => capacityVerdict(capacity), () => capacityChart(capacity), () => stepsTable(capacity));
  }
  if (comparison) {
    parts.push(() => comparisonVerdict(comparison), () => differencesSection(comparison), () => comparedCurves(comparison),
      () => proxySection(comparison), () => sidesSection(comparison));
  }
  if (runs.length > 0) {
    const compared = comparison && countOf(sideHistogram(comparison.a)) > 0;
    parts.push(() => runs.length === 1 && !comparison && !capacity ? verdictSection(runs[0]) : runsSection(runs, Boolean(comparison)));
    parts.push(() => sloSection(runs));
    if (!compared) parts.push(() => curvesSection(runs));
    parts.push(() => latencySection(runs), () => overTimeSection(runs), () => fairnessSection(runs), () => errorsSection(runs));
  }
  if (capacity) parts.push(() => commandSection(capacity));
  if (comparison) parts.push(() => commandSection(comparison));
  if (runs.length > 0) parts.push(() => repeatSection(runs));
  return parts;
}

function show() {
  const runs = runsOfData(), comparison = kData.comparison ?? null, capacity = kData.capacity ?? null;
  const parts = partsOf(runs, comparison, capacity);
  $('title').replaceChildren(...titleOf(runs, comparison, capacity).flat(3).filter(Boolean));
  document.title = `${$('title').textContent} · weir-load`;
  $('subtitle').textContent = subtitleOf(runs, comparison, capacity);
  $('version').textContent = kData.version ?? '';
  document.body.append(svg('svg', {class: 'unseen', 'aria-hidden': 'true'}, svg('defs', {}, svg('pattern', {id: 'hatch', width: 6, height: 6,
    patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)'}, svg('line', {class: 'hatch-line', x1: 0, y1: 0, x2: 0, y2: 6})))));
  $('main').append(...parts.map(part).filter(Boolean));
  if (parts.length === 0) $('main').append(panel('Nothing to show', {}, el('p', {}, 'The document holds no report.')));
  document.body.dataset.shown = 'yes';
}

show();
