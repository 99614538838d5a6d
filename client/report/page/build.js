// ---- Building the page ----------------------------------------------------------------------------------------------
// All that the document says becomes text, never markup: a target's name or an error may be anything.

const $ = id => document.getElementById(id);

function set(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) if (value != null && value !== false) node.setAttribute(name, value);
  node.append(...children.flat(Infinity).filter(child => child != null && child !== false));
  return node;
}
const el = (tag, attributes = {}, ...children) => set(document.createElement(tag), attributes, children);
const svg = (tag, attributes = {}, ...children) =>
  set(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);

const kData = JSON.parse($('document').textContent);

// What stands at a place of the document, by its JSON pointer (RFC 6901); undefined where there is nothing.
function at(pointer) {
  let value = kData;
  for (const key of pointer.split('/').slice(1)) value = value?.[key.replaceAll('~1', '/').replaceAll('~0', '~')];
  return value ?? undefined;
}
const list = value => Array.isArray(value) ? value : [];

// The number at a place of the document, as a text that says where it is from, so that a test can compare the two.
function figure(pointer, format, tag = 'span', attributes = {}) {
  const value = at(pointer);
  const known = isNumber(value) ? {'data-path': pointer, 'data-value': value, title: exact(pointer, value)} : {};
  return el(tag, {...known, ...attributes}, format(value));
}

// A time of the histogram at a place of the document, of which an empty one has none.
const time = (path, key) => countOf(at(path)) > 0 ? figure(`${path}/${key}`, duration) : kNone;

function exact(pointer, value) {
  if (/_ns(\/|$)/.test(pointer)) return `${value.toLocaleString('en')} ns`;
  return Number.isInteger(value) && value < 10000 ? null : value.toLocaleString('en', {maximumFractionDigits: 6});
}

// A name that the document gives, kept apart from the direction of the text around it.
// Short ones are never broken, so that no narrow column makes a ladder of them.
const kShortName = 16;
function name(text) {
  const shown = String(text ?? kNone);
  return el('bdi', {class: shown.length <= kShortName ? 'nowrap' : null}, shown);
}

const kShapes = {  // paths in a square of 10
  circle: 'M5 .8a4.2 4.2 0 1 0 .01 0z', ring: 'M5 .4a4.6 4.6 0 1 0 .01 0zM5 2.3a2.7 2.7 0 1 1-.01 0z', square: 'M1 1h8v8H1z',
  triangle: 'M5 .3 9.9 9.5H.1z', cross: 'M2.1.4 5 3.3 7.9.4 9.6 2.1 6.7 5l2.9 2.9-1.7 1.7L5 6.7 2.1 9.6.4 7.9 3.3 5 .4 2.1z',
  diamond: 'M5 0 10 5 5 10 0 5z', tick: 'M.3 5.3 2 3.6l2.1 2.1L8.1 1.3l1.7 1.7L4.1 9.1z', left: 'M9.5.2v9.6L.4 5z', right: 'M.5.2v9.6L9.6 5z',
};
const shape = kind => svg('svg', {class: 'shape', viewBox: '0 0 10 10', 'aria-hidden': 'true'}, svg('path', {d: kShapes[kind]}));
const state = (kind, tone, ...words) => el('span', {class: `state tone-${tone}`}, shape(kind), el('span', {}, ...words));

const kToneShapes = {bad: 'cross', warn: 'triangle', ok: 'tick', off: 'ring'};
const attention = items => items.length === 0 ? null
  : el('ul', {class: 'attention'}, items.map(([tone, ...words]) =>
    el('li', {class: `tone-${tone}`}, shape(kToneShapes[tone]), el('span', {}, ...words))));

let panels = 0;
function panel(title, {sub, half = false}, ...children) {
  const heading = `h-${++panels}`;
  return el('section', {class: half ? 'panel half' : 'panel', 'aria-labelledby': heading},
    el('header', {}, el('h2', {id: heading}, title), sub && el('span', {class: 'sub'}, sub)), ...children);
}

// Only what scrolls needs to be reached by keyboard.
const overflows = new ResizeObserver(entries => entries.forEach(({target}) => {
  if (target.scrollWidth > target.clientWidth + 1) target.setAttribute('tabindex', '0');
  else target.removeAttribute('tabindex');
}));

// A head is a text, or {text, num, unseen}; the first cell of a row names it. A row may be {cells, main}.
function table(caption, heads, rows, {shown = false, kind = ''} = {}) {
  const columns = heads.map(head => typeof head === 'string' ? {text: head} : head);
  const head = columns.map(column => el('th', {scope: 'col', role: 'columnheader', class: column.class ?? (column.num ? 'num' : null)},
    column.unseen ? el('span', {class: 'unseen'}, column.text) : column.text));
  const body = rows.map(row => {
    const cells = Array.isArray(row) ? row : row.cells;
    return el('tr', {role: 'row', class: row.main ? 'main' : null}, cells.map((cell, i) => i === 0
      ? el('th', {scope: 'row', role: 'rowheader'}, cell)
      : el('td', {role: 'cell', class: columns[i].class ?? (columns[i].num ? 'num' : null), 'data-label': columns[i].text}, cell)));
  });
  const region = el('div', {class: `scroll ${kind}`, role: 'group', 'aria-label': `Table: ${caption}`},
    el('table', {role: 'table'}, el('caption', {class: shown ? null : 'unseen'}, caption),
      el('thead', {role: 'rowgroup'}, el('tr', {role: 'row'}, head)), el('tbody', {role: 'rowgroup'}, body)));
  overflows.observe(region);
  return region;
}

// Beyond so many characters a headline is a text to be read, and not an eye-catcher.
const kLongHeadline = 90;
// The head of a page, in the tone of what was found.
function verdict(tone, kind, headline, ...children) {
  const heading = `h-${++panels}`;
  return el('section', {class: `panel verdict tone-${tone}`, 'aria-labelledby': heading},
    el('h2', {class: 'headline', id: heading}, shape(kind), el('span', {class: headline.length > kLongHeadline ? 'long' : null}, headline)), ...children);
}

// A list of figures: [title, value, below].
const figures = items => el('dl', {class: 'figures'}, items.filter(Boolean).map(([title, value, below]) =>
  el('div', {}, el('dt', {}, title), el('dd', {}, value), below && el('dd', {class: 'sub'}, below))));

const facts = items => el('dl', {class: 'facts'}, items.filter(item => item && item[1] != null && item[1] !== '')
  .map(([title, ...value]) => [el('dt', {}, title), el('dd', {}, ...value)]));

// Details that are built when they are first opened: they may be long.
function details(title, make) {
  const node = el('details', {}, el('summary', {}, title));
  node.addEventListener('toggle', () => { if (node.children.length === 1) node.append(make()); });
  return node;
}
