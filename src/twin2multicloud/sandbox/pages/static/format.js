// Numbers, times and sizes in words.

const MISSING = "–";
const groups = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });

/** A measured number: about four significant digits, never in exponents where it can be avoided. */
export function number(value) {
  if (value === null || value === undefined || value === "") return MISSING;
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value !== "number") return String(value);
  if (!Number.isFinite(value)) return MISSING;
  const size = Math.abs(value);
  if (size > 0 && size < 1e-4) return value.toExponential(2);
  if (size >= 1e15) return value.toExponential(2);
  if (size >= 1e12) return `${Number((value / 1e12).toPrecision(4))} T`;
  if (size >= 1e9) return `${Number((value / 1e9).toPrecision(4))} G`;
  if (size >= 1000) return groups.format(value);
  const digits = size >= 100 ? 1 : size >= 1 ? 2 : 3;
  return String(Number(value.toFixed(digits)));
}

/** The decimals that `number` would give the most precise of some values. */
export function decimals(values) {
  return Math.max(0, ...values.map((value) => (typeof value === "number" ? (number(value).split(".")[1] ?? "").length : 0)));
}

/** A number with so many decimals, as `number` would write it in a column. */
export function fixed(value, digits) {
  const text = number(value);
  return /^-?\d+(\.\d+)?$/.test(text) && Math.abs(value) < 1000 ? value.toFixed(Math.min(digits, 6)) : text;
}

/** A whole number, grouped. */
export function count(value) {
  return typeof value === "number" && Number.isFinite(value) ? groups.format(value) : MISSING;
}

/** A number with all the digits it has. */
export function exact(value) {
  if (typeof value === "boolean") return value ? "yes" : "no";
  return typeof value === "number" && Number.isFinite(value) ? String(value) : value === null || value === undefined ? MISSING : String(value);
}

/** What is written after a number for one of Grafana's unit ids. */
export function suffix(unit, units = {}) {
  if (!unit || unit === "none" || unit.startsWith("bool")) return "";
  const own = /^suffix:\s*(.*)$/.exec(unit);
  if (own) return own[1];
  return Object.hasOwn(units, unit) ? units[unit] : unit;
}

/** A number with its unit, as in "21.4 °C". */
export function withUnit(value, ending, digits = number) {
  const text = digits(value);
  return !ending || text === MISSING ? text : `${text}\u202f${ending}`;
}

/** A duration, in its one or two largest units. */
export function duration(seconds) {
  if (typeof seconds !== "number" || !Number.isFinite(seconds)) return MISSING;
  const size = Math.max(0, seconds);
  if (size < 1) return "0 s";
  if (size < 90) return `${Math.round(size)} s`;
  if (size < 5400) return `${Math.round(size / 60)} min`;
  if (size < 129600) return size < 36000 ? `${Math.floor(size / 3600)} h ${Math.round((size % 3600) / 60)} min` : `${Math.round(size / 3600)} h`;
  return `${Math.round(size / 86400)} d`;
}

/** How long ago something was, as in "4 s ago". */
export function age(seconds) {
  if (typeof seconds !== "number" || !Number.isFinite(seconds)) return MISSING;
  return seconds < 1 ? "now" : `${duration(seconds)} ago`;
}

/** Bytes in 1,024s. */
export function bytes(value) {
  if (typeof value !== "number" || !Number.isFinite(value)) return MISSING;
  let size = value;
  let unit = 0;
  while (Math.abs(size) >= 1023.5 && unit < 5) {
    size /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || size >= 100 ? 0 : size >= 10 ? 1 : 2;
  return `${size.toFixed(digits)} ${["B", "KiB", "MiB", "GiB", "TiB", "PiB"][unit]}`;
}

/** Milliseconds. */
export function millis(value) {
  if (typeof value !== "number" || !Number.isFinite(value)) return MISSING;
  return value >= 100 ? groups.format(value) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

const two = (value, width = 2) => String(value).padStart(width, "0");
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Parts of a moment (ms since 1970) in the browser's time zone. */
export function clock(ms, { date = false, seconds = true, fraction = false } = {}) {
  const at = new Date(ms);
  if (Number.isNaN(at.getTime())) return MISSING;
  let text = `${two(at.getHours())}:${two(at.getMinutes())}`;
  if (seconds) text += `:${two(at.getSeconds())}`;
  if (fraction) text += `.${two(at.getMilliseconds(), 3)}`;
  return date ? `${at.getDate()} ${MONTHS[at.getMonth()]} ${at.getFullYear()}, ${text}` : text;
}

/** A day without its year. */
export function day(ms) {
  const at = new Date(ms);
  return `${at.getDate()} ${MONTHS[at.getMonth()]}`;
}

/** Milliseconds since 1970 of RFC 3339 text or a number (seconds, or milliseconds if large); NaN if it is none. */
export function moment(value) {
  if (typeof value === "number") return value > 1e11 ? value : value * 1000;
  return typeof value === "string" ? Date.parse(value) : Number.NaN;
}

const PERIOD = { s: 1, m: 60, h: 3600, d: 86400, w: 604800 };

/** Seconds of a period as in "15m"; NaN if it is none. */
export function period(text) {
  const match = /^(\d+)([smhdw])$/.exec(String(text));
  return match ? Number(match[1]) * PERIOD[match[2]] : Number.NaN;
}
