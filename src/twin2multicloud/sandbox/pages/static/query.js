// Questions of panels: Grafana's variables filled in, each asked once per round.

import { fetchJson } from "./dom.js";
import { moment } from "./format.js";

/** `text` with ${name} and ${name:doublequote} replaced from `values` (what is unknown stays as it is). */
export function fillIn(text, values) {
  return String(text).replace(/\$\{(\w+)(?::(\w+)(?::\w+)?)?\}/g, (whole, name, format) => {
    if (!Object.hasOwn(values, name)) return whole;
    return format === "doublequote" ? JSON.stringify(values[name]) : String(values[name]);
  });
}

/** The query of a target, or null if it is none of ours. */
export function queryOf(target, values) {
  const body = target?.url_options?.data;
  if (typeof body !== "string") return null;
  try {
    return JSON.parse(fillIn(body, values));
  } catch {
    return null;
  }
}

/** Asks each question once, however many panels have it. */
export class Round {
  constructor() {
    this.answers = new Map();
  }

  ask(query) {
    const body = JSON.stringify(query);
    let answer = this.answers.get(body);
    if (answer === undefined) {
      answer = fetchJson("api/query", { method: "POST", body, headers: { "content-type": "application/json" } });
      answer.catch(() => {}); // whoever awaits it says so
      this.answers.set(body, answer);
    }
    return answer;
  }
}

/** The lines of an answer with points: [{field, points: [[ms, value], …]}], one per field, numbers or null. */
export function linesOf(answer) {
  const fields = Array.isArray(answer?.fields) ? answer.fields : [];
  const points = Array.isArray(answer?.points) ? answer.points : [];
  return fields.map((field, index) => ({
    field,
    points: points.map((point) => [point[0], numeric(point[index + 1])]),
  }));
}

const numeric = (value) => (typeof value === "boolean" ? Number(value) : typeof value === "number" && Number.isFinite(value) ? value : null);

/** The last value of each column of a target: [{label, value, time}] from state or from points. */
export function lastValues(target, answer) {
  const columns = target.columns.filter(({ selector }) => /^v\d+$/.test(selector));
  if (Array.isArray(answer?.entities)) {
    const [entity] = answer.entities;
    return columns.map(({ text }) => ({
      label: text,
      value: entity?.values?.[text] ?? null,
      time: moment(entity?.times?.[text]),
    }));
  }
  const points = Array.isArray(answer?.points) ? answer.points : [];
  return columns.map(({ text }, index) => {
    const point = points.findLast((one) => one[index + 1] !== null && one[index + 1] !== undefined);
    return { label: text, value: point?.[index + 1] ?? null, time: point?.[0] ?? Number.NaN };
  });
}
