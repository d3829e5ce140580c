// What a Grafana panel says about a field: its defaults with the overrides for its name.

import { suffix } from "./format.js";

export function settingsOf(panel, name, units) {
  const defaults = panel.fieldConfig?.defaults ?? {};
  const found = {
    unit: defaults.unit,
    min: defaults.min,
    max: defaults.max,
    thresholds: defaults.thresholds,
    color: defaults.color,
  };
  for (const override of panel.fieldConfig?.overrides ?? []) {
    if (override.matcher?.id !== "byName" || override.matcher.options !== name) continue;
    for (const { id, value } of override.properties ?? []) {
      if (Object.hasOwn(found, id)) found[id] = value;
    }
  }
  return {
    suffix: suffix(found.unit, units),
    boolean: String(found.unit ?? "").startsWith("bool"),
    min: found.min,
    max: found.max,
    steps: found.thresholds?.steps ?? [],
    fixed: found.color?.mode === "fixed" ? found.color.fixedColor : null,
  };
}
