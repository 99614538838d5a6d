// ---- Words and numbers ----------------------------------------------------------------------------------------------

const kNone = '–';
const isNumber = value => typeof value === 'number' && Number.isFinite(value);
const join = (value, unit) => `${value}\u00a0${unit}`;
const signed = (value, text) => (value > 0 ? '+' : value < 0 ? '−' : '±') + text;

const count = value => isNumber(value) ? Math.round(value).toLocaleString('en') : kNone;
const plural = (value, one, many = `${one}s`) => `${count(value)} ${value === 1 ? one : many}`;

// Three digits that count; what is whole and short stays as it is.
function digits(value) {
  const size = Math.abs(value);
  if (size >= 99.95 || (Number.isInteger(value) && size < 100)) return Math.round(value).toLocaleString('en');
  return value.toFixed(size >= 9.995 ? 1 : 2);
}

function scaled(value, units) {
  let [name, size] = units[0];
  for (const [next, nextSize] of units) if (Math.abs(value) >= nextSize * 0.9995) [name, size] = [next, nextSize];
  return join(digits(value / size), name);
}

const kTimeUnits = [['ns', 1], ['µs', 1e3], ['ms', 1e6], ['s', 1e9], ['min', 6e10], ['h', 3.6e12]];
const duration = ns => isNumber(ns) ? (ns < 0 ? `−${scaled(-ns, kTimeUnits)}` : scaled(ns, kTimeUnits)) : kNone;
const addedDuration = ns => isNumber(ns) ? signed(ns, duration(Math.abs(ns))) : kNone;
const seconds = value => isNumber(value) ? duration(value * 1e9) : kNone;
const rate = value => !isNumber(value) ? kNone : value >= 99.95 ? count(value) : value.toFixed(value >= 9.995 ? 1 : 2);
const bytes = value => isNumber(value)
  ? scaled(value, [['B', 1], ['KiB', 2 ** 10], ['MiB', 2 ** 20], ['GiB', 2 ** 30], ['TiB', 2 ** 40]]) : kNone;
const plainNumber = value => isNumber(value) ? digits(value) : kNone;
const index = value => isNumber(value) ? value.toFixed(3) : kNone;

// For an axis: 1.5k, 20M.
function short(value) {
  for (const [unit, size] of [['G', 1e9], ['M', 1e6], ['k', 1e3]]) {
    if (value >= size) return `${+(value / size).toPrecision(3)}${unit}`;
  }
  return String(+value.toPrecision(3));
}

const share = value => isNumber(value) ? join(percentDigits(value), '%') : kNone;
function percentDigits(value) {
  const percent = Math.abs(value * 100);
  return percent >= 99.95 ? Math.round(percent).toLocaleString('en') : percent.toFixed(percent >= 9.995 ? 1 : 2);
}
const change = value => isNumber(value) ? signed(value, share(Math.abs(value))) : kNone;

// 2026-11-27T12:00:00.123Z as 2026-11-27 12:00:00 UTC.
const moment = text => typeof text === 'string' ? text.replace('T', ' ').replace(/(\.\d+)?Z$/, ' UTC') : kNone;

// Paths without what they share: the folders above where they part, and the end that is the same in each.
function shortNames(paths) {
  const parts = paths.map(path => path.split('/'));
  const drop = end => {
    while (parts.length > 0 && parts.every(each => each.length > 1 && each.at(end) === parts[0].at(end))) {
      parts.forEach(each => end === 0 ? each.shift() : each.pop());
    }
  };
  drop(0);
  if (paths.length > 1) drop(-1);
  return parts.map(each => each.join('/'));
}

const listed = words => words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
const capital = text => text.charAt(0).toUpperCase() + text.slice(1);
const asSentence = text => typeof text === 'string' && text ? capital(text) + (/[.!?]$/.test(text) ? '' : '.') : '';

// A word of the command line as a shell takes it.
const quoted = word => /^[\w@%+=:,./-]+$/.test(word) ? word : `'${String(word).replaceAll("'", "'\\''")}'`;
const commandLine = words => Array.isArray(words) && words.length > 0 ? words.map(quoted).join(' ') : null;

const kTimes = [
  ['response', 'response', 'from when a request was due (open loop) or sent (closed loop) to the last byte of its reply'],
  ['service', 'service', 'from when a request was sent to the last byte of its reply'],
  ['lag', 'lag', 'from when a request was due to when weir-load sent it: the generator’s own delay'],
  ['cycle', 'cycle', 'from connect until closed'],
  ['connect', 'connect', 'until the connection stood'],
  ['handshake', 'TLS handshake', 'of TLS, in full, once the connection stood'],
  ['resumed', 'resumed handshake', 'of TLS, where it resumed a session'],
  ['first_byte', 'first byte', 'until the first byte of the reply'],
  ['close', 'close', 'from our FIN to the peer’s'],
  ['newcomer', 'newcomer', 'until the whole first reply of somebody who arrives while others work'],
];

const kPercentiles = [
  ['50', 'p50', 'half are faster'], ['75', 'p75', '1 in 4 is slower'], ['90', 'p90', '1 in 10 is slower'],
  ['99', 'p99', '1 in 100 is slower'], ['99.9', 'p99.9', '1 in 1,000 is slower'], ['99.99', 'p99.99', '1 in 10,000 is slower'],
];

// Who feels a difference, by what was compared.
const kWhoFeels = {
  p50: 'the typical request', p75: 'the slower quarter', p90: '1 request in 10', p99: '1 request in 100',
  'p99.9': '1 in 1,000', 'p99.99': '1 in 10,000', max: 'the single slowest', mean: 'the average', rate: 'work done a second',
};

const kFailures = {
  refused: ['connection refused', 'does the target listen?'], unreachable: ['host or network unreachable'],
  connect_timeout: ['connect timed out'], connect_failed: ['connect failed'],
  local_ports: ['no free local port or address', 'connections linger in TIME_WAIT: spread with --source, or --close rst'],
  local_resources: ['out of descriptors or memory here', 'raise ulimit -Hn, or ask for fewer connections'],
  reset: ['connection reset'], closed_early: ['closed instead of a reply'], reply_timeout: ['no reply in time'],
  close_timeout: ['no FIN in answer to ours'], io_failed: ['read or write failed'],
  dropped: ['dropped with their connection'], unsuitable: ['the target cannot do what was asked'],
  tls_handshake: ['TLS handshake failed', 'does the target speak TLS on this port?'],
  tls_untrusted: ['certificate not trusted', '--cacert names who may sign it, --sni whose it is, and --insecure does not look at it'],
  tls_alert: ['refused with a TLS alert', 'does the target want a certificate (--cert and --key), another --sni or another --alpn?'],
  tls_timeout: ['no TLS handshake in time'], tls_truncated: ['closed without close_notify'], tls_broken: ['broken TLS record'],
  lost: ['bytes lost'], duplicated: ['bytes duplicated'], out_of_order: ['replies out of order'], corrupt: ['bytes corrupt'],
  foreign: ['another connection’s bytes'], cut_short: ['replies cut short'],
};
const kWrongReplies = new Set(['lost', 'duplicated', 'out_of_order', 'corrupt', 'foreign', 'cut_short']);
const failureText = kind => kFailures[kind]?.[0] ?? kind.replaceAll('_', ' ');
