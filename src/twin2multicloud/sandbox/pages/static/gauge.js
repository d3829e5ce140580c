// A gauge: an arc from the field's minimum to its maximum, with the thresholds around it.

import { h, s, setText } from "./dom.js";
import { number, withUnit } from "./format.js";
import { levelAt, levelOf } from "./levels.js";

const SWEEP = 240;
const START = 150;

export class Gauge {
  constructor() {
    this.svg = s("svg", { viewBox: "0 0 200 160", class: "gauge-arc", "aria-hidden": "true" });
    this.mark = h("span", { class: "gauge-mark", "aria-hidden": "true" });
    this.value = h("strong", { class: "gauge-value" });
    this.label = h("span", { class: "gauge-label" });
    const face = h("div", { class: "gauge-face" }, this.svg, h("div", { class: "gauge-text" }, this.mark, this.value));
    this.element = h("div", { class: "gauge" }, face, this.label);
  }

  update({ label, value, unit, min, max, steps }) {
    const at = typeof value === "number" ? Math.min(1, Math.max(0, (value - min) / (max - min || 1))) : null;
    const { level, mark } = levelAt(steps, value);
    const bands = steps
      .map((step, index) => [share(step.value, min, max, 0), share(steps[index + 1]?.value, min, max, 1), step.color])
      .filter(([from, to]) => to > from);
    this.svg.replaceChildren(
      ...(steps.length > 1 ? bands.map(([from, to, colour]) => arc(from, to, 88, 4, { "data-level": levelOf(colour).level, class: "band" })) : []),
      arc(0, 1, 74, 15, { class: "track" }),
      at === null || at === 0 ? s("g") : arc(0, at, 74, 15, { class: "filled", "data-level": level }),
      s("text", { x: 34, y: 157, class: "tick", "text-anchor": "middle" }, number(min)),
      s("text", { x: 166, y: 157, class: "tick", "text-anchor": "middle" }, number(max)),
    );
    setText(this.value, value === null ? "no data" : withUnit(value, unit));
    setText(this.mark, mark);
    this.value.dataset.level = level;
    this.mark.dataset.level = level;
    setText(this.label, label);
    this.label.title = label;
  }
}

const share = (value, min, max, missing) =>
  typeof value === "number" ? Math.min(1, Math.max(0, (value - min) / (max - min || 1))) : missing;

function arc(from, to, radius, width, properties) {
  const point = (part) => {
    const angle = ((START + SWEEP * part) * Math.PI) / 180;
    return `${(100 + radius * Math.cos(angle)).toFixed(2)} ${(96 + radius * Math.sin(angle)).toFixed(2)}`;
  };
  const large = SWEEP * (to - from) > 180 ? 1 : 0;
  return s("path", { d: `M${point(from)}A${radius} ${radius} 0 ${large} 1 ${point(to)}`, fill: "none", "stroke-width": width, ...properties });
}
