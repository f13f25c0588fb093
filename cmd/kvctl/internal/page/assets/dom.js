// Small helpers around the DOM. Text goes in as text nodes only: nothing that was
// read from a store is ever parsed as HTML.

/**
 * h makes an element: h("p", { class: "x", onclick: f }, "text", child, [more]).
 * null and false among the children are left out.
 */
export function h(tag, props, ...children) {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(props || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) e.addEventListener(name.slice(2), value);
    else e.setAttribute(name, value === true ? "" : value);
  }
  return put(e, ...children);
}

/** put appends children. */
export function put(e, ...children) {
  for (const c of children.flat(Infinity)) {
    if (c === null || c === undefined || c === false) continue;
    e.append(c);
  }
  return e;
}

/** fill replaces everything in e. */
export function fill(e, ...children) {
  e.replaceChildren();
  return put(e, ...children);
}

export const $ = (selector, root = document) => root.querySelector(selector);

/** say tells a screen reader what happened; it is shown in the status line too. */
export function say(text) {
  $("#status").textContent = text;
}

/** warn tells everybody of what went wrong; null takes it back. */
export function warn(text) {
  const notice = $("#notice");
  notice.hidden = !text;
  notice.textContent = text || "";
}

/** ink is a colour of the theme as it is now, for canvases, which know no variables. */
export function ink(name) {
  const probe = $("#ink");
  const was = inks.get(name);
  if (was) return was;
  probe.style.color = "var(--" + name + ")";
  const colour = getComputedStyle(probe).color;
  inks.set(name, colour);
  return colour;
}

const inks = new Map();

/** reink forgets the colours, when the theme has changed. */
export const reink = () => inks.clear();

/** paint sizes a canvas to its box in device pixels and hands its context to draw. */
export function paint(canvas, draw) {
  const box = canvas.getBoundingClientRect();
  const scale = window.devicePixelRatio || 1;
  const width = Math.max(1, Math.round(box.width * scale));
  const height = Math.max(1, Math.round(box.height * scale));
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const c = canvas.getContext("2d");
  c.setTransform(1, 0, 0, 1, 0, 0);
  c.clearRect(0, 0, width, height);
  draw(c, width, height, scale);
}

/** clamp keeps n within [low, high]. */
export const clamp = (n, low, high) => Math.min(high, Math.max(low, n));

/** lastAtMost is the index of the last of sorted that is <= n, or -1. */
export function lastAtMost(sorted, n, value = (x) => x) {
  let low = 0, high = sorted.length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if (value(sorted[mid]) <= n) low = mid + 1;
    else high = mid;
  }
  return low - 1;
}
