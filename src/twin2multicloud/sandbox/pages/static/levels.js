// Grafana's threshold colours in this page's colours, each with a mark: colour never speaks alone.

const LEVELS = {
  green: { level: "ok", mark: "" },
  blue: { level: "info", mark: "●" },
  yellow: { level: "warning", mark: "▲" },
  orange: { level: "warning", mark: "▲" },
  red: { level: "error", mark: "■" },
  "dark-red": { level: "critical", mark: "◆" },
};
const NEUTRAL = { level: "plain", mark: "" };

export const SEVERITIES = {
  info: { level: "info", mark: "●" },
  warning: { level: "warning", mark: "▲" },
  error: { level: "error", mark: "■" },
  critical: { level: "critical", mark: "◆" },
};

/** The level of one of Grafana's colour names. */
export function levelOf(colour) {
  return Object.hasOwn(LEVELS, colour) ? LEVELS[colour] : NEUTRAL;
}

/** A severity's level and mark. */
export function severity(name) {
  return Object.hasOwn(SEVERITIES, name) ? SEVERITIES[name] : NEUTRAL;
}

/** The level of a value among Grafana's threshold steps (ascending, the first from the very bottom). */
export function levelAt(steps, value) {
  if (!Array.isArray(steps) || typeof value !== "number") return NEUTRAL;
  let found = null;
  for (const step of steps) {
    if (step.value === null || step.value === undefined || value >= step.value) found = step;
  }
  return found === null || steps.length < 2 ? NEUTRAL : levelOf(found.color);
}
