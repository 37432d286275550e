// Checks every text element of the page: it must have a size, fit into its container, and contrast with its background.
(() => {
  const faults = [], parse = (color) => (color.match(/[\d.]+/g) || []).map(Number);
  const luminance = ([r, g, b]) => [r, g, b].map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const contrast = (a, b) => { const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
  const opaque = (c) => c.length === 3 || (c.length === 4 && c[3] > 0.5);
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const style = getComputedStyle(e);
      const rect = e !== element && e.matches('g') && e.querySelector('rect');
      const color = parse(rect ? getComputedStyle(rect).fill : style.backgroundColor);
      if (opaque(color) && color.length) return color;
    }
    return [255, 255, 255];
  };
  const inside = (inner, outer) => inner.left >= outer.left - 1 && inner.right <= outer.right + 1 && inner.top >= outer.top - 1 && inner.bottom <= outer.bottom + 1;
  const scrolls = (element) => { for (let e = element; e; e = e.parentElement) if (/auto|scroll/.test(getComputedStyle(e).overflowX)) return e; return null; };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let texts = 0;
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = node.textContent.trim(), element = node.parentElement;
    if (!text || /^(STYLE|SCRIPT|TITLE)$/i.test(element.tagName) || element.closest('details:not([open])')) continue;
    texts++;
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = range.getBoundingClientRect(), style = getComputedStyle(element), svg = element.closest('svg');
    const fault = (what) => faults.push(`${what}: ${text.slice(0, 60)}`);
    if (box.width < 1 || box.height < 1 || style.visibility === 'hidden') { fault('not shown'); continue; }
    if (svg) {
      if (!inside(box, svg.getBoundingClientRect())) fault('outside its picture');
      const rect = element.parentElement.matches('g') && element.parentElement.querySelector('rect');
      if (rect && !inside(box, rect.getBoundingClientRect())) fault('outside its box');
    } else {
      const place = scrolls(element), page = document.documentElement;
      if (!place && (box.left < 0 || box.right > page.clientWidth + 1)) fault('outside the page');
      if (/hidden|clip/.test(style.overflow) && element.scrollWidth > element.clientWidth + 1) fault('cut off');
    }
    const ratio = contrast(parse(svg ? style.fill : style.color), behind(element));
    if (ratio < 3) fault(`contrast ${ratio.toFixed(1)}`);
  }
  return { Background: getComputedStyle(document.body).backgroundColor, Text: document.body.innerText + '\n' +
    [...document.querySelectorAll('svg text')].map((e) => e.textContent).join('\n'), Texts: texts, Faults: faults };
})()
