// Panels are what stands over the page for a while: help, settings, search. Whatever
// is scanned meanwhile closes them, because a verdict must be seen.

const by = (id) => document.getElementById(id);

export const panelOpen = () => document.querySelector("dialog[open]");

export function closePanels() {
  for (const panel of document.querySelectorAll("dialog[open]")) {
    panel.close();
    leave(panel);
  }
}

// leave gives the focus back to the page at once: the next key may be a shortcut.
function leave(panel) {
  if (panel.contains(document.activeElement)) document.activeElement.blur();
}

export function openPanel(id) {
  closePanels();
  by(id).showModal();
}

// setUpPanels makes the buttons work that open a panel or close theirs.
export function setUpPanels() {
  for (const b of document.querySelectorAll("[data-open]")) b.addEventListener("click", () => openPanel(b.dataset.open));
  for (const b of document.querySelectorAll("[data-close]")) b.addEventListener("click", () => closePanels());
  for (const panel of document.querySelectorAll("dialog")) {
    panel.addEventListener("close", () => { if (!panel.open) leave(panel); }); // said late: it may be open again
  }
}
