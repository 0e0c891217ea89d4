// Keyboard-wedge scanners: they type a code fast, anywhere on the page, and end
// it with Enter or Tab. Keys that come one by one are shortcuts.

// Scanners on slow links leave up to a fifth of a second between two keys. Every
// ticket begins with U, which is also the key for undo, so a key counts as a
// shortcut only after a pause that no scanner makes.
const pause = 250; // ms
const gap = 1500; // ms; after it, what was typed before is no part of a code
const gapInside = 5000; // ms; the same once a ticket's prefix was seen, for a device that stutters
const shortest = 8; // characters; less is no code

export function onWedge({ code, key, busy }) {
  let text = "";
  let last = 0;
  let pending = 0;

  const forget = () => { text = ""; };

  addEventListener("keydown", (e) => {
    if (e.isComposing || e.ctrlKey || e.metaKey || e.altKey || busy()) return;
    const typing = e.target instanceof HTMLInputElement && e.target.type !== "file";
    const fast = e.timeStamp - last < (/^U[TP]1:/.test(text) ? gapInside : gap);
    last = e.timeStamp;
    if (!fast) forget();
    if (e.key === "Enter" || e.key === "Tab") {
      if (text.length >= shortest) {
        e.preventDefault();
        e.stopPropagation();
        clearTimeout(pending);
        if (typing) e.target.value = "";
        const read = text;
        forget();
        code(read);
      }
      return;
    }
    if (e.key.length === 1) text += e.key;
    if (typing || (e.key.length !== 1 && e.key !== "Escape")) return;
    if (e.key === " " && e.target instanceof HTMLButtonElement) return;
    // A single key is a shortcut only when no burst follows it.
    clearTimeout(pending);
    if (e.key === " ") e.preventDefault();
    const pressed = e.key;
    if (text.length <= 1) pending = setTimeout(() => { forget(); key(pressed); }, pause);
  }, { capture: true });
}
