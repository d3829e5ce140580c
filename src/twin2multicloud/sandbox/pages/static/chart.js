// A time series chart in SVG: gaps stay gaps, exact values on hover, by touch and with the arrow keys.

import { h, s } from "./dom.js";
import { clock, day, exact, withUnit } from "./format.js";
import { levelOf } from "./levels.js";
import { extent, gapOf, nearest, path, tickTexts, timeTicks, valueTicks } from "./scale.js";

const PAD = { top: 8, unit: 20, right: 12, bottom: 22 };

/**
 * `update` takes {series: [{name, colour (0…7 or a level's name), points: [[ms, value], …]}], from, to, unit (text),
 * steps, softMin, softMax, filled}. Hovering tells other charts through `shared` (an EventTarget).
 */
export class Chart {
  constructor(shared) {
    this.shared = shared;
    this.data = null;
    this.svg = s("svg", { class: "plot", role: "img", tabindex: "0" });
    this.tip = h("div", { class: "tip", role: "status", hidden: true });
    this.element = h("div", { class: "chart" }, this.svg, this.tip);
    new ResizeObserver(() => this.draw()).observe(this.element);
    this.svg.addEventListener("pointermove", (event) => this.point(event));
    this.svg.addEventListener("pointerdown", (event) => this.point(event));
    this.svg.addEventListener("pointerleave", () => this.leave());
    this.svg.addEventListener("blur", () => this.leave());
    this.svg.addEventListener("keydown", (event) => this.press(event));
    shared.addEventListener("hover", (event) => {
      if (event.detail.from !== this) this.cross(event.detail.time);
    });
  }

  update(data) {
    this.data = data;
    this.draw();
    if (this.at !== undefined) this.show(this.at);
  }

  draw() {
    const width = this.element.clientWidth;
    const height = this.element.clientHeight;
    if (this.data === null || width < 40 || height < 40) return;
    const { series, from, to, unit, steps = [], softMin, softMax } = this.data;
    const limits = steps.filter((step) => typeof step.value === "number");
    const [low, high] = extent(series, from, to, softMin, softMax, limits);
    const ticks = valueTicks(low, high, Math.max(2, Math.floor(height / 45)));
    const texts = tickTexts(ticks);
    const left = 14 + 7 * Math.max(...texts.map((text) => text.length), 2);
    const bottom = Math.min(low, ticks[0]);
    const top = Math.max(high, ticks.at(-1));
    this.box = { left, top: unit ? PAD.unit : PAD.top, right: width - PAD.right, bottom: height - PAD.bottom };
    const { box } = this;
    this.x = (time) => box.left + ((time - from) / (to - from)) * (box.right - box.left);
    this.y = (value) => box.bottom - ((value - bottom) / (top - bottom || 1)) * (box.bottom - box.top);
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.svg.setAttribute("aria-label", this.summary());
    this.svg.replaceChildren(
      ...this.grid(ticks, texts, timeTicks(from, to, Math.max(2, Math.floor((box.right - left) / 90)))),
      unit ? s("text", { class: "tick", x: 4, y: 10 }, unit) : s("g"),
      ...limits.filter(({ value }) => value >= bottom && value <= top).map((step) => this.limit(step, steps)),
      s("g", { class: "lines" }, ...series.flatMap((one) => this.line(one, bottom))),
      (this.marker = s("g", { class: "marker" })),
    );
    this.cross(this.crossed ?? null);
  }

  grid(ticks, texts, times) {
    const { left, right, bottom, top } = this.box;
    return [
      ...ticks.flatMap((tick, index) => [
        s("line", { class: "gridline", x1: left, x2: right, y1: this.y(tick), y2: this.y(tick) }),
        s("text", { class: "tick", x: left - 6, y: this.y(tick) + 4, "text-anchor": "end" }, texts[index]),
      ]),
      ...times.ticks.map((time) => {
        const text = times.step >= 86400000 ? day(time) : clock(time, { seconds: times.step < 60000 });
        const x = Math.min(Math.max(this.x(time), left + 14), right - 14);
        return s("text", { class: "tick", x, y: bottom + 16, "text-anchor": "middle" }, text);
      }),
      s("line", { class: "axis", x1: left, x2: right, y1: bottom, y2: bottom }),
      s("rect", { class: "surface", x: left, y: top, width: Math.max(0, right - left), height: Math.max(0, bottom - top) }),
    ];
  }

  /** A threshold is drawn in the colour of its graver side. */
  limit(step, steps) {
    const before = steps[steps.indexOf(step) - 1];
    const { level } = levelOf(step.color === "green" && before ? before.color : step.color);
    const y = this.y(step.value);
    return s("line", { class: "limit", "data-level": level, x1: this.box.left, x2: this.box.right, y1: y, y2: y });
  }

  line({ points, colour }, floor) {
    const visible = points.filter(([time]) => time >= this.data.from && time <= this.data.to);
    const { segments, dots } = path(visible, this.x, this.y, Math.max(1, this.box.right - this.box.left), gapOf(points));
    const base = this.y(Math.max(floor, 0) === 0 && floor <= 0 ? 0 : floor);
    const area = this.data.filled
      ? segments.filter((run) => run.length > 1).map((run) => {
          const line = run.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join("L");
          return s("path", { class: "area", "data-colour": colour, d: `M${run[0][0].toFixed(1)},${base}L${line}L${run.at(-1)[0].toFixed(1)},${base}Z` });
        })
      : [];
    return [
      ...area,
      s("path", {
        class: "line",
        "data-colour": colour,
        d: segments.map((run) => `M${run.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join("L")}`).join(""),
      }),
      ...dots.map(([x, y]) => s("circle", { class: "dot", "data-colour": colour, cx: x.toFixed(1), cy: y.toFixed(1), r: 2.2 })),
    ];
  }

  summary() {
    const { series, unit } = this.data;
    const parts = series.map(({ name, points }) => {
      const last = points.findLast(([, value]) => typeof value === "number");
      return last ? `${name} ${withUnit(last[1], unit)}` : `${name} has no data`;
    });
    return `Chart of ${parts.join(", ")}. Arrow keys read single values.`;
  }

  point(event) {
    if (!this.box) return;
    const { left, right } = this.box;
    const x = event.clientX - this.svg.getBoundingClientRect().left;
    if (x < left - 8 || x > right + 8) {
      this.leave();
      return;
    }
    const { from, to } = this.data;
    this.show(from + ((x - left) / (right - left)) * (to - from));
  }

  press(event) {
    if (!this.box) return;
    const times = [...new Set(this.data.series.flatMap(({ points }) => points.map(([time]) => time)))]
      .filter((time) => time >= this.data.from && time <= this.data.to)
      .sort((a, b) => a - b);
    if (times.length === 0) return;
    const here = this.at === undefined ? times.length : nearest(times.map((time) => [time, 0]), this.at);
    const moves = { ArrowLeft: here - 1, ArrowRight: here + 1, Home: 0, End: times.length - 1 };
    if (event.key === "Escape") this.leave();
    if (!Object.hasOwn(moves, event.key)) return;
    event.preventDefault();
    this.show(times[Math.min(Math.max(moves[event.key], 0), times.length - 1)]);
  }

  leave() {
    this.at = undefined;
    this.tip.hidden = true;
    this.cross(null);
    this.shared.dispatchEvent(new CustomEvent("hover", { detail: { from: this, time: null } }));
  }

  /** The crosshair and values at the measured time next to `time`. */
  show(time) {
    const near = this.data.series
      .map((one) => ({ ...one, point: one.points[nearest(one.points, time)] }))
      .filter(({ point }) => point !== undefined);
    if (near.length === 0) return;
    const snapped = near.reduce((a, b) => (Math.abs(a.point[0] - time) <= Math.abs(b.point[0] - time) ? a : b)).point[0];
    this.at = snapped;
    const rows = near.map(({ name, colour, points, point }) => {
      const there = Math.abs(point[0] - snapped) <= gapOf(points);
      return h(
        "div",
        { class: "tip-row" },
        h("span", { class: "swatch", "data-colour": colour }),
        h("span", { class: "tip-name" }, name),
        h("strong", {}, there ? withUnit(point[1], this.data.unit, exact) : "no data"),
      );
    });
    this.tip.replaceChildren(h("div", { class: "tip-time" }, clock(snapped, { date: true, fraction: true })), ...rows);
    this.tip.hidden = false;
    const x = this.x(snapped);
    const room = this.element.clientWidth - this.tip.offsetWidth - 4;
    const beside = x + 14 > room ? x - this.tip.offsetWidth - 14 : x + 14;
    this.tip.style.left = `${Math.max(4, Math.min(room, beside))}px`;
    this.cross(snapped, near);
    this.shared.dispatchEvent(new CustomEvent("hover", { detail: { from: this, time: snapped } }));
  }

  cross(time, near = []) {
    this.crossed = time;
    if (!this.marker) return;
    if (time === null || time < this.data.from || time > this.data.to) {
      this.marker.replaceChildren();
      return;
    }
    const x = this.x(time);
    this.marker.replaceChildren(
      s("line", { class: "crosshair", x1: x, x2: x, y1: this.box.top, y2: this.box.bottom }),
      ...near
        .filter(({ point }) => typeof point[1] === "number")
        .map(({ point, colour }) => s("circle", { class: "dot", "data-colour": colour, cx: this.x(point[0]), cy: this.y(point[1]), r: 3.5 })),
    );
  }
}
