package page

import "testing"

// Light and dark are what the system says until somebody chooses, and text can be
// read in both: the contrast is at least 4.5.
func TestReportLightAndDark(t *testing.T) {
	_, url := report(t, damagedStore(t), 8<<20)
	const contrast = `(() => {
		const parse = (s) => s.match(/[\d.]+/g).map(Number);
		const light = (s) => { const [r, g, b] = parse(s).map((v) => { v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; }); return .2126 * r + .7152 * g + .0722 * b; };
		const ground = (e) => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (parse(c)[3] !== 0) return c; } return "rgb(255,255,255)"; };
		const bad = [];
		for (const e of document.querySelectorAll("body *")) {
			if (![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()) || !e.checkVisibility() || e.closest(".hidden, .skip, canvas")) continue;
			const a = light(getComputedStyle(e).color), b = light(ground(e));
			const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
			if (ratio < 4.5) bad.push(e.className + " " + e.tagName + " " + e.textContent.trim().slice(0, 20) + " " + ratio.toFixed(2));
		}
		return [...new Set(bad)].slice(0, 20);
	})()`
	grounds := map[string]string{}
	for _, scheme := range []string{"light", "dark"} {
		b := open(t, url, 1440, 900, scheme)
		b.shot("contrast-" + scheme)
		grounds[scheme] = eval[string](b, `getComputedStyle(document.body).backgroundColor`)
		for _, bad := range eval[[]string](b, contrast) {
			t.Errorf("%s: hard to read: %s", scheme, bad)
		}
		// Once through the three themes and back to the system's.
		b.keys("t")
		if got := eval[string](b, `getComputedStyle(document.body).backgroundColor`); scheme == "dark" && got == grounds["dark"] {
			t.Error("the light theme cannot be chosen")
		}
		b.keys("t")
		if got := eval[string](b, `getComputedStyle(document.body).backgroundColor`); scheme == "light" && got == grounds["light"] {
			t.Error("the dark theme cannot be chosen")
		}
		b.keys("t")
		if got := eval[string](b, `getComputedStyle(document.body).backgroundColor`); got != grounds[scheme] {
			t.Errorf("back to the system's: %s", got)
		}
		b.quiet()
	}
	if grounds["light"] == grounds["dark"] {
		t.Errorf("light and dark are both %s", grounds["light"])
	}
}

// cutOff is an expression for what of the elements is wider than they are.
func cutOff(selector string) string {
	return `[...document.querySelectorAll("` + selector + `")].filter((e) => e.scrollWidth > e.clientWidth).map((e) => e.innerText).join(" | ")`
}

// In a wide window a time is there to its last digit.
func TestTimesAreWhole(t *testing.T) {
	_, url := report(t, damagedStore(t), 8<<20)
	b := open(t, url, 1280, 900, "light")
	b.until(`document.querySelectorAll("#layer .c-time").length > 3`)
	if cut := eval[string](b, cutOff("#layer .c-time")); cut != "" {
		t.Errorf("cut off: %s", cut)
	}
}

// In a narrow window nothing sticks out, and nothing is cut off.
func TestReportNarrow(t *testing.T) {
	_, url := report(t, damagedStore(t), 8<<20)
	b := open(t, url, 360, 740, "light")
	if w := eval[int](b, `document.documentElement.scrollWidth`); w > 360 {
		t.Errorf("the page is %d pixels wide in a window of 360", w)
	}
	if cut := eval[string](b, cutOff("#tabs, #filter, .field, .f-value")); cut != "" {
		t.Errorf("cut off in a window of 360: %s", cut)
	}
	b.shot("narrow")
	b.quiet()
}
