// Gradio takes its own words, and the page's language, from the browser: each build keeps its own.
((language) => {
  const root = document.documentElement;
  Object.defineProperty(navigator, "language", { get: () => language });
  Object.defineProperty(navigator, "languages", { get: () => [language] });
  const pin = () => root.lang === language || (root.lang = language);
  pin();
  new MutationObserver(pin).observe(root, { attributeFilter: ["lang"] });
})(document.currentScript.dataset.language);
