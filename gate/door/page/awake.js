// The screen stays awake while the page is in sight. A browser takes the lock
// away when the page is hidden, so it is asked for again.

export function stayAwake() {
  const ask = () => { if (document.visibilityState === "visible") navigator.wakeLock?.request("screen").catch(() => {}); };
  document.addEventListener("visibilitychange", ask);
  ask();
}
