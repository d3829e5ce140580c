// Building the page from data. Text is only ever set as text: whatever a device is called, it stays a name.

const SVG = "http://www.w3.org/2000/svg";

/** An element with properties (class, attributes, on… listeners) and children (nodes or text). */
export function h(tag, properties = {}, ...children) {
  return fill(document.createElement(tag), properties, children);
}

/** The same for SVG. */
export function s(tag, properties = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), properties, children);
}

function fill(node, properties, children) {
  for (const [key, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on") && typeof value === "function") node.addEventListener(key.slice(2), value);
    else if (key === "class") node.setAttribute("class", value);
    else node.setAttribute(key, value === true ? "" : String(value));
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** Set a node's text only if it differs, so that selections and screen readers are left alone. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Set or (for null) remove an attribute, only if it differs. */
export function setAttribute(node, name, value) {
  if (value === null || value === undefined) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, String(value));
}

/** What was asked for can not be had; the message is for a person. */
export class ReadError extends Error {}

/** JSON from a URL below this page; a ReadError otherwise. */
export async function fetchJson(url, options = {}, timeoutMs = 20000) {
  let response;
  try {
    response = await fetch(url, { ...options, signal: AbortSignal.timeout(timeoutMs) });
  } catch (error) {
    const late = error.name === "TimeoutError";
    throw new ReadError(late ? `no answer within ${timeoutMs / 1000} s` : "no answer from the sandbox", { cause: error });
  }
  let answer;
  try {
    answer = await response.json();
  } catch (error) {
    throw new ReadError(`an answer that is not JSON (HTTP ${response.status})`, { cause: error });
  }
  if (!response.ok) {
    throw new ReadError(typeof answer?.error === "string" ? answer.error : `HTTP ${response.status}`);
  }
  return answer;
}
