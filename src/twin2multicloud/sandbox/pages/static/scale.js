// The arithmetic of charts, without a page: scales, ticks, gaps, thinning.

const MINUTE = 60000;
const HOUR = 3600000;
const DAY = 86400000;
const TIME_STEPS = [1000, 2000, 5000, 10000, 15000, 30000, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE,
  HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 5 * DAY, 7 * DAY, 14 * DAY, 30 * DAY, 90 * DAY, 365 * DAY];

/** The range of values in view, with the limits that are near, and never empty. */
export function extent(series, from, to, softMin, softMax, limits = []) {
  let low = Infinity;
  let high = -Infinity;
  for (const { points } of series) {
    for (const [time, value] of points) {
      if (typeof value !== "number" || time < from || time > to) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  if (low > high) [low, high] = [0, 1];
  if (typeof softMin === "number") low = Math.min(low, softMin);
  if (typeof softMax === "number") high = Math.max(high, softMax);
  const span = high - low || Math.abs(high) || 1;
  for (const { value } of limits) {
    if (value > high && value - high < span * 0.6) high = value;
    if (value < low && low - value < span * 0.6) low = value;
  }
  if (low === high) return [low - Math.abs(low || 1) * 0.05, high + Math.abs(high || 1) * 0.05];
  const pad = (high - low) * 0.04;
  return [low === softMin ? low : low - pad, high === softMax ? high : high + pad];
}

/** Round numbers from `low` to `high`, about `wanted` of them and at least two. */
export function valueTicks(low, high, wanted) {
  const rough = (high - low) / Math.max(1, wanted);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= rough) ?? 10 * power;
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i += 1) ticks.push(Number((i * step).toPrecision(12)));
  return ticks.length >= 2 ? ticks : [low, high].map((value) => Number(value.toPrecision(3)));
}

/** Ticks in words, with as many digits as it takes to tell them apart. */
export function tickTexts(ticks) {
  const step = Math.abs(ticks[1] - ticks[0]);
  const largest = Math.max(...ticks.map(Math.abs));
  if (!(step > 0) || largest >= 1e7 || step < 1e-6) return ticks.map((tick) => String(Number(tick.toPrecision(4))));
  const digits = Math.max(0, Math.min(6, Math.ceil(-Math.log10(step) - 1e-9) + (/[25]/.test(String(step).replace(/[.0]/g, "")[1] ?? "") ? 1 : 0)));
  const format = new Intl.NumberFormat("en-GB", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return ticks.map((tick) => format.format(tick));
}

/** Round times of the browser's time zone from `from` to `to`, about `wanted` of them. */
export function timeTicks(from, to, wanted) {
  const step = TIME_STEPS.find((size) => (to - from) / size <= wanted) ?? TIME_STEPS.at(-1);
  const zone = new Date(from).getTimezoneOffset() * MINUTE;
  const ticks = [];
  for (let time = Math.ceil((from - zone) / step) * step + zone; time <= to; time += step) ticks.push(time);
  return { ticks, step };
}

/** A pause between two points is a gap if it is longer than this (ms): four times their usual distance. */
export function gapOf(points) {
  const steps = [];
  const stride = Math.max(1, Math.floor(points.length / 400));
  for (let i = stride; i < points.length; i += stride) steps.push(points[i][0] - points[i - 1][0]);
  if (steps.length === 0) return 60000;
  steps.sort((a, b) => a - b);
  return Math.max(4 * steps[Math.floor(steps.length / 2)], 2000);
}

/** The index of the point next to a time (points are in order of time); -1 if there are none. */
export function nearest(points, time) {
  if (points.length === 0) return -1;
  let [low, high] = [0, points.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle][0] < time) low = middle + 1;
    else high = middle;
  }
  return low > 0 && time - points[low - 1][0] < points[low][0] - time ? low - 1 : low;
}

/** Runs of points without a gap in pixels, thinned to what `width` pixels can show, and the points to draw as dots. */
export function path(points, x, y, width, gap) {
  const runs = [];
  let run = null;
  let last = -Infinity;
  for (const [time, value] of points) {
    if (typeof value !== "number") {
      run = null;
      continue;
    }
    if (run === null || time - last > gap) {
      run = [];
      runs.push(run);
    }
    run.push([x(time), y(value)]);
    last = time;
  }
  const few = points.length * 12 <= width;
  const dots = few ? runs.flat() : runs.filter((one) => one.length === 1).flat();
  return { segments: runs.map((one) => (points.length > 2 * width ? thin(one) : one)), dots };
}

/** First, lowest, highest and last of the points in each pixel column: the line looks the same. */
function thin(run) {
  const kept = [];
  let start = 0;
  while (start < run.length) {
    const column = Math.floor(run[start][0]);
    let [end, low, high] = [start, start, start];
    while (end + 1 < run.length && Math.floor(run[end + 1][0]) === column) {
      end += 1;
      if (run[end][1] < run[low][1]) low = end;
      if (run[end][1] > run[high][1]) high = end;
    }
    for (const index of [...new Set([start, low, high, end])].sort((a, b) => a - b)) kept.push(run[index]);
    start = end + 1;
  }
  return kept;
}
