// Progressive enhancement: every page works without this file.
"use strict";
(() => {
  const find = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const make = (tag, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };
  const later = (work, milliseconds) => {
    let timer;
    return (...values) => { clearTimeout(timer); timer = setTimeout(work, milliseconds, ...values); };
  };
  const texts = JSON.parse(find("#texts").textContent); // translated texts
  const root = document.documentElement.dataset.root; // path that the archive is served under
  const fill = (text, values) => text.replace(/%\((\w+)\)s/g, (_, name) => values[name]);
  const number = (value) => value.toLocaleString(document.documentElement.lang);
  const plainClick = (event) => event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
  const form = find("#search-form");
  const box = find("#q");

  // Keys
  const showKeys = () => {
    const list = make("dl");
    for (const [key, meaning] of texts.meanings) list.append(make("dt", {}, make("kbd", { textContent: key })), make("dd", { textContent: meaning }));
    const dialog = make("dialog", {}, make("h2", { id: "keys", textContent: texts.keys }), list,
      make("form", { method: "dialog" }, make("button", { textContent: texts.close })));
    dialog.setAttribute("aria-labelledby", "keys");
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  };
  const onHits = (step) => {
    const links = all(".hits h2 a, .hits h3 a");
    const next = links[links.indexOf(document.activeElement) + step] ?? (step > 0 ? links.at(-1) : links[0]);
    next?.focus();
  };
  const follow = (key, step) => {
    const link = find(`[data-key="${key}"]`);
    if (link) link.click();
    else onHits(step);
  };
  const ACTIONS = {
    "/": () => { box?.focus(); box?.select(); },
    "?": showKeys,
    n: () => find('[data-step="1"]')?.click(),
    p: () => find('[data-step="-1"]')?.click(),
    j: () => follow("j", 1),
    k: () => follow("k", -1),
  };
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input:not([type=checkbox]), textarea, select, dialog, [contenteditable]");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const act = ACTIONS[event.key];
    if (act) { event.preventDefault(); act(); }
  });

  // Matches of an article: steps without a new page, ticks beside the scroll bar
  const bar = find(".matchbar");
  if (bar) {
    const marks = [];
    for (let mark, place = 1; (mark = document.getElementById(`m${place}`)); place++) marks.push(mark);
    const shown = find("[data-number]", bar);
    const links = all("[data-step]", bar);
    let current = Number(bar.dataset.match) || 0;
    const name = (place) => {
      all("mark.current").forEach((mark) => mark.classList.remove("current"));
      marks[place - 1].classList.add("current");
      current = place;
      shown.textContent = fill(texts.place, { place: number(place), all: number(marks.length) });
    };
    const stand = (place) => {
      const address = new URL(location.href);
      address.searchParams.set("match", place);
      address.hash = `m${place}`;
      history.replaceState(history.state, "", address);
      name(place);
      const mark = marks[place - 1];
      mark.scrollIntoView({ block: "center", behavior: "instant" });
      mark.tabIndex = -1;
      mark.focus({ preventScroll: true });
    };
    const boxOf = (mark) => mark.getBoundingClientRect();
    const seen = (mark) => boxOf(mark).bottom > 0 && boxOf(mark).top < innerHeight;
    // The match after or before the current one while that is on the screen, else from where the reader has scrolled to.
    const goal = (step) => {
      if (current && seen(marks[current - 1])) return (current - 1 + step + marks.length) % marks.length + 1;
      const below = marks.findIndex((mark) => boxOf(mark).bottom > 0);
      if (step > 0) return below < 0 ? 1 : below + 1;
      return below < 1 ? marks.length : below;
    };
    // A result's link leads to its first passage: the match there is the current one.
    addEventListener("scrollend", () => {
      if (current || location.hash !== "#m1" || !marks.length || seen(marks[0])) return;
      const away = (mark) => Math.abs(boxOf(mark).top - innerHeight / 2);
      name(marks.reduce((best, mark, place) => (away(mark) < away(marks[best]) ? place : best), 0) + 1);
    }, { once: true });
    for (const link of links) {
      link.addEventListener("click", (event) => {
        if (!plainClick(event) || !marks.length) return;
        event.preventDefault();
        stand(goal(Number(link.dataset.step)));
      });
    }
    marks[current - 1]?.classList.add("current");
    const ticks = make("div", { className: "ticks", ariaHidden: "true" });
    document.body.append(ticks);
    const draw = () => {
      const height = document.documentElement.scrollHeight;
      ticks.replaceChildren(...marks.map((mark) => {
        const tick = make("i");
        tick.style.top = `${((mark.getBoundingClientRect().top + scrollY) / height) * 100}%`;
        return tick;
      }));
    };
    new ResizeObserver(later(draw, 150)).observe(document.body);
  }

  // Citations: clipboard, selected passage
  const copied = async (button, text) => {
    await (text.then ? navigator.clipboard.write([new ClipboardItem({ "text/plain": text })]) : navigator.clipboard.writeText(text));
    const said = find("[data-copied]", button.parentElement);
    said.hidden = false;
    setTimeout(() => { said.hidden = true; }, 2000);
  };
  const quote = find(".quote");
  if (quote) {
    const body = find(".body");
    const forms = all("a", quote);
    // Extend to whole words, which text fragments need; not in scripts without spaces.
    const WORD = String.raw`(?:(?![\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}])[\p{L}\p{M}\p{N}])`;
    const [atStart, atEnd] = [new RegExp(`^${WORD}+`, "u"), new RegExp(`${WORD}+$`, "u")];
    const rest = (text, pattern) => text.match(pattern)?.[0] ?? "";
    const selected = () => {
      const selection = getSelection();
      if (selection.isCollapsed || !body.contains(selection.anchorNode) || !body.contains(selection.focusNode)) return "";
      const { startContainer, startOffset, endContainer, endOffset } = selection.getRangeAt(0);
      const [first, last] = [startContainer.data ?? "", endContainer.data ?? ""];
      const before = atStart.test(first.slice(startOffset)) ? rest(first.slice(0, startOffset), atEnd) : "";
      const after = atEnd.test(last.slice(0, endOffset)) ? rest(last.slice(endOffset), atStart) : "";
      const text = String(selection).trim();
      return text && before + text + after;
    };
    document.addEventListener("selectionchange", later(() => {
      const passage = selected();
      quote.hidden = !passage;
      if (!passage) return;
      const sent = [...passage].slice(0, Number(quote.dataset.most) + 1).join(""); // one more: the server adds an ellipsis
      for (const form of forms) form.search = new URLSearchParams({ passage: sent });
      if (passage.length < quote.dataset.most) find("#passage").value = passage;
    }, 100));
    const button = find("button", quote);
    quote.addEventListener("pointerdown", (event) => event.preventDefault());
    button.addEventListener("click", () => copied(button, fetch(forms[0].href).then((answer) => answer.blob())).catch(() => location.assign(forms[0].href)));
    if (navigator.clipboard) {
      all("[data-clipboard]").forEach((each) => { each.hidden = false; });
      all("[data-copy]").forEach((each) => each.addEventListener("click", () => copied(each, find(each.dataset.copy).textContent)));
    }
  }

  // Results: filters, order and pages without a new page
  const results = find("#results");
  const wanted = () => {
    const pairs = [...new FormData(form)].filter(([, value]) => value.trim());
    const query = new URLSearchParams(pairs).toString();
    return form.getAttribute("action") + (query ? `?${query}` : "");
  };
  const LIVE = ["#heading", "#status", "#sorts", "#applied", "#filters > div", "#filters > summary", "#results", "#kept", "#languages"];
  let asked = 0;
  const refresh = async (url, { push = true } = {}) => {
    const mine = ++asked;
    const focused = document.activeElement;
    const place = focused?.name && [focused.name, focused.value];
    const open = all("#filters details").map((details) => details.open);
    results.setAttribute("aria-busy", "true");
    let fresh;
    try {
      const answer = await fetch(url);
      if (!answer.ok) throw new Error(answer.statusText);
      fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    } catch {
      location.assign(url);
      return;
    }
    if (mine !== asked) return;
    if (!LIVE.every((selector) => find(selector, fresh))) { location.assign(url); return; }
    for (const selector of LIVE) find(selector).replaceChildren(...find(selector, fresh).childNodes);
    find("#filters").hidden = find("#filters", fresh).hidden;
    document.title = fresh.title;
    if (push) history.pushState({}, "", url);
    else box.value = find("#q", fresh).value;
    all("#filters details").forEach((details, number) => { details.open = open[number] ?? details.open; });
    results.removeAttribute("aria-busy");
    longLists();
    all(".chart").forEach(oneStop);
    if (place) all("#filters input").find((input) => input.name === place[0] && input.value === place[1])?.focus();
  };
  if (results) {
    document.addEventListener("change", (event) => {
      if (event.target.matches("#filters input[name]")) refresh(wanted());
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      refresh(wanted());
    });
    document.addEventListener("click", async (event) => {
      const link = event.target.closest?.("#applied a, #sorts a, #filters .chart a, #filters .yearlist a, .pages a");
      if (!link || !plainClick(event)) return;
      event.preventDefault();
      await refresh(hrefOf(link));
      if (!link.isConnected && link.closest(".pages")) { scrollTo({ top: 0, behavior: "instant" }); results.focus({ preventScroll: true }); }
    });
    addEventListener("popstate", (event) => { if (!location.hash || event.state) refresh(location.href, { push: false }); });
  }

  // Years: range selected with the pointer, or with Shift, arrow keys and Enter
  const hrefOf = (link) => link.href?.baseVal ?? link.getAttribute("href");
  const drawing = (chart) => {
    const bars = all("a", chart);
    const begun = { chart, bars, first: -1, last: -1 };
    const said = find(".axis", chart.parentElement).appendChild(make("span"));
    const announced = chart.parentElement.appendChild(make("span", { className: "unseen", role: "status" }));
    begun.at = (x) => bars.reduce((best, bar, place) => {
      const box = bar.getBoundingClientRect();
      const distance = Math.abs(x - (box.left + box.right) / 2);
      return distance < best[1] ? [place, distance] : best;
    }, [0, Infinity])[0];
    begun.show = () => {
      const [from, to] = [begun.first, begun.last].sort((a, b) => a - b);
      bars.forEach((bar, place) => bar.classList.toggle("drawn", place >= from && place <= to));
      const [one, other] = [bars[from], bars[to]].map((bar) => new URL(hrefOf(bar), location.href));
      const years = [one.searchParams.get("from"), other.searchParams.get("to")];
      one.searchParams.set("to", years[1]);
      begun.url = one.pathname + one.search;
      said.textContent = announced.textContent = years[0] === years[1] ? years[0] : `${years[0]}–${years[1]}`;
    };
    begun.end = () => { bars.forEach((bar) => bar.classList.remove("drawn")); said.remove(); announced.remove(); };
    return begun;
  };
  // One tab stop: the chosen bar, else the first, else the one that had focus last.
  const oneStop = (chart, bar) => {
    const bars = all("a", chart);
    const stop = bars.includes(bar) ? bar : find("[aria-current]", chart) ?? bars[0];
    for (const each of bars) each.setAttribute("tabindex", each === stop ? 0 : -1);
  };
  all(".chart").forEach(oneStop);
  document.addEventListener("focusin", (event) => {
    const chart = event.target.closest?.(".chart");
    if (chart) oneStop(chart, event.target);
  });
  const takeYears = async (url) => {
    if (!results) { location.assign(url); return; }
    await refresh(url);
    find(".chart [aria-current]")?.focus({ preventScroll: true });
  };
  let drawn = null;
  const stopDrawing = () => { drawn?.end(); drawn = null; };
  document.addEventListener("pointerdown", (event) => {
    const chart = event.target.closest?.(".chart");
    if (!chart || event.button !== 0) return;
    stopDrawing();
    const start = event.clientX;
    const move = (moved) => {
      if (!drawn && Math.abs(moved.clientX - start) < 5) return;
      if (!drawn) { drawn = drawing(chart); drawn.first = drawn.at(start); }
      drawn.last = drawn.at(moved.clientX);
      drawn.show();
    };
    const up = () => {
      removeEventListener("pointermove", move);
      removeEventListener("pointercancel", up);
      const url = drawn?.url;
      stopDrawing();
      if (!url) return;
      addEventListener("click", (click) => { click.preventDefault(); click.stopPropagation(); }, { capture: true, once: true });
      setTimeout(() => takeYears(url));
    };
    addEventListener("pointermove", move);
    addEventListener("pointerup", up, { once: true });
    addEventListener("pointercancel", up, { once: true });
  });
  document.addEventListener("dragstart", (event) => { if (event.target.closest?.(".chart")) event.preventDefault(); });
  document.addEventListener("keydown", (event) => {
    const chart = event.target.closest?.(".chart");
    if (!chart || event.ctrlKey || event.metaKey || event.altKey) return;
    const bars = all("a", chart);
    const place = bars.indexOf(event.target);
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -place, End: bars.length - 1 - place }[event.key];
    if (step && bars[place + step]) {
      event.preventDefault();
      if (!event.shiftKey) stopDrawing();
      else {
        if (!drawn) { drawn = drawing(chart); drawn.first = place; }
        drawn.last = place + step;
        drawn.show();
      }
      bars[place + step].focus();
    } else if (event.key === "Enter" && drawn) {
      event.preventDefault();
      const { url } = drawn;
      stopDrawing();
      takeYears(url);
    } else if (event.key === "Escape") stopDrawing();
  });

  // Long facets: search box
  const asChoices = async (field, text) => {
    const url = new URL(field.dataset.all, location.href);
    url.searchParams.set("contains", text);
    const page = new DOMParser().parseFromString(await (await fetch(url)).text(), "text/html");
    return all("#all-values li", page).slice(0, 30);
  };
  const longLists = () => all("fieldset[data-facet]").forEach((field) => {
    if (find("input[type=search]", field) || (!field.dataset.all && !find("details", field))) return;
    const input = make("input", { type: "search", placeholder: texts.find, autocomplete: "off", ariaLabel: fill(texts.findIn, { list: find("legend", field).textContent }) });
    const found = make("ul", { hidden: true });
    const lists = all("ul, details, .all", field);
    find("legend", field).after(input, found);
    input.addEventListener("input", later(async () => {
      const text = input.value.trim().toLowerCase();
      lists.forEach((list) => { list.hidden = Boolean(text); });
      found.hidden = !text;
      if (!text) return;
      let items;
      if (field.dataset.all) items = await asChoices(field, text);
      else items = lists.flatMap((list) => all("li", list)).filter((item, place, every) => every.indexOf(item) === place && item.textContent.toLowerCase().includes(text)).map((item) => item.cloneNode(true));
      found.replaceChildren(...(items.length ? items : [make("li", { className: "quiet", textContent: texts.none })]));
    }, 150));
    input.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
  });
  longLists();

  // Completions: combobox pattern of the ARIA Authoring Practices
  if (box) {
    const list = make("ul", { className: "suggestions", id: "suggestions", hidden: true, role: "listbox", ariaLabel: texts.suggestions });
    box.closest("form").append(list);
    for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": "suggestions" })) box.setAttribute(name, value);
    let active = -1;
    let typed = 0;
    let dismissed = null; // query for which Escape closed the list: a late response does not open it again
    const mark = (number) => {
      active = number;
      [...list.children].forEach((item, place) => item.setAttribute("aria-selected", String(place === number)));
      if (number >= 0) box.setAttribute("aria-activedescendant", list.children[number].id);
      else box.removeAttribute("aria-activedescendant");
    };
    const show = (visible) => {
      list.hidden = !visible;
      box.setAttribute("aria-expanded", String(visible));
      if (!visible) mark(-1);
    };
    const option = (text, kind, act) => {
      const item = make("li", { role: "option", id: `suggestion-${list.children.length}` }, make("span", { textContent: text, dir: "auto" }), make("span", { className: "quiet", textContent: kind }));
      item.addEventListener("pointerdown", (event) => event.preventDefault());
      item.addEventListener("click", act);
      list.append(item);
    };
    const go = (parameter, value) => () => location.assign(`${root}/search?${new URLSearchParams([[parameter, value]])}`);
    const suggest = later(async () => {
      const text = box.value;
      const mine = ++typed;
      if (text === dismissed) return;
      if (text.trim().length < 2) { show(false); return; }
      const answer = await fetch(`${root}/api/suggest?${new URLSearchParams({ q: text })}`);
      if (!answer.ok) return;
      const found = await answer.json();
      if (mine !== typed || text === dismissed || document.activeElement !== box) return;
      list.replaceChildren();
      const before = text.slice(0, text.search(/[^\s"():]*$/));
      for (const word of found.words) option(before + word, "", () => { box.value = before + word; box.form.requestSubmit(); });
      for (const name of found.topics) option(name, texts.topic, go("topic", name));
      for (const name of found.authors) option(name, texts.author, go("author", name));
      for (const { title, url } of found.titles) option(title, texts.article, () => location.assign(url));
      show(list.children.length > 0);
      mark(-1);
    }, 120);
    box.addEventListener("input", () => { dismissed = null; suggest(); });
    box.addEventListener("blur", () => { typed++; show(false); });
    box.addEventListener("keydown", (event) => {
      const last = list.children.length - 1;
      if (event.key === "Escape" && !list.hidden) { event.preventDefault(); dismissed = box.value; show(false); }
      else if (list.hidden || event.isComposing) return;
      else if (event.key === "ArrowDown") { event.preventDefault(); mark(active < last ? active + 1 : -1); }
      else if (event.key === "ArrowUp") { event.preventDefault(); mark(active < 0 ? last : active - 1); }
      else if (event.key === "Enter" && active >= 0) { event.preventDefault(); list.children[active].click(); }
    });
  }
})();
