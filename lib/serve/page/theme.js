// Sets light or dark before anything is drawn, if the reader has chosen one. A classic script, so that it runs at once.
(() => {
  try {
    const chosen = localStorage.getItem("matinee.theme");
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  } catch {
    // Without storage the system's choice counts.
  }
})();
