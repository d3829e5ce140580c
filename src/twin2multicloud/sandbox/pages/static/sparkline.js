// A small line of the latest values, without axes: the shape of the last minute or two.

import { s } from "./dom.js";

const POINTS = 90;

export class Sparkline {
  constructor() {
    this.values = [];
    this.line = s("path", { class: "spark-line" });
    this.area = s("path", { class: "spark-area" });
    this.element = s("svg", { class: "spark", viewBox: `0 0 ${POINTS - 1} 24`, preserveAspectRatio: "none", "aria-hidden": "true" }, this.area, this.line);
  }

  push(value) {
    this.values.push(value);
    if (this.values.length > POINTS) this.values.shift();
    const high = Math.max(...this.values, 0);
    const low = Math.min(...this.values, 0);
    const start = POINTS - this.values.length;
    const y = (one) => (22 - ((one - low) / (high - low || 1)) * 20).toFixed(1);
    const points = this.values.map((one, index) => `${start + index},${y(one)}`).join("L");
    this.line.setAttribute("d", this.values.length > 1 ? `M${points}` : "");
    this.area.setAttribute("d", this.values.length > 1 ? `M${start},23L${points}L${POINTS - 1},23Z` : "");
  }
}
