// Light and dark: what the system says, until somebody chooses.

import { $, reink } from "./dom.js";

const themes = ["auto", "light", "dark"];
const names = { auto: "Theme: system", light: "Theme: light", dark: "Theme: dark" };

export function theme(app) {
  const button = $("#theme");
  const root = document.documentElement;
  const changed = () => {
    reink();
    app.tell("theme");
  };
  const set = (name) => {
    root.dataset.theme = name;
    button.textContent = names[name];
    changed();
  };
  button.addEventListener("click", () => set(themes[(themes.indexOf(root.dataset.theme) + 1) % themes.length]));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
  set("auto");
}
