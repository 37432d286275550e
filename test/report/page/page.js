// Shows the time at the pointer and the value of every line. The page is complete without this script.
(function () {
  "use strict";
  const svg = document.getElementById("timeline");
  const pointer = document.getElementById("pointer");
  const values = document.getElementById("values");
  const course = JSON.parse(document.getElementById("course").textContent);

  function nearest(points, seconds) {
    let low = 0, high = points.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (points[middle][0] <= seconds) low = middle; else high = middle;
    }
    return seconds - points[low][0] <= points[high][0] - seconds ? points[low] : points[high];
  }

  function written(value, unit) {
    if (unit === "bytes" && value >= 1e6) return (value / 1e6).toFixed(2) + " MB";
    if (unit === "bytes" && value >= 1e3) return (value / 1e3).toFixed(1) + " kB";
    return Math.round(value).toLocaleString("en") + " " + unit;
  }

  function line(kind, text, number) {
    const row = document.createElement("div");
    row.className = kind;
    row.append(document.createElement("span"), document.createElement("b"));
    row.firstChild.textContent = text;
    row.lastChild.textContent = number;
    return row;
  }

  function show(event) {
    const box = svg.getBoundingClientRect();
    const unit = box.width / svg.viewBox.baseVal.width;
    const x = (event.clientX - box.left) / unit;
    if (x < course.left || x > course.right) return hide();
    const seconds = (x - course.left) / (course.right - course.left) * course.span;
    const rows = [line("moment", seconds.toFixed(1) + " s", "")];
    for (const plot of course.plots) {
      for (const drawn of plot.lines) {
        const value = nearest(drawn.points, seconds)[1];
        rows.push(line(drawn.class, drawn.name, written(value, plot.unit)));
      }
    }
    values.replaceChildren(...rows);
    values.hidden = false;
    const right = x > (course.left + course.right) / 2;
    values.style.left = right ? "" : x * unit + 14 + "px";
    values.style.right = right ? box.width - x * unit + 14 + "px" : "";
    pointer.setAttribute("x1", x);
    pointer.setAttribute("x2", x);
    pointer.classList.add("shown");
  }

  function hide() {
    values.hidden = true;
    pointer.classList.remove("shown");
  }

  svg.addEventListener("pointermove", show);
  svg.addEventListener("pointerleave", hide);
})();
