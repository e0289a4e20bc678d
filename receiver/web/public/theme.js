/* Runs before anything is painted, as no module does: the colours that the viewer chose. */
try {
  document.documentElement.dataset.theme = localStorage.getItem("theme") ?? "system";
} catch {
  // This browser keeps nothing: the system's colours.
}
