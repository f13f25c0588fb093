package page

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// Everything can be reached and done with the keyboard alone, and everything that
// can be reached has a name.
func TestReportByKeyboard(t *testing.T) {
	_, url := report(t, damagedStore(t), 8<<20)
	b := open(t, url, 1440, 900, "light")
	focus := func() string {
		return eval[string](b, `(() => { const e = document.activeElement; return e.id || e.getAttribute("aria-label") || e.innerText || e.name || e.tagName; })()`)
	}
	seen := map[string]bool{}
	for range 60 {
		b.keys(tabKey)
		seen[focus()] = true
	}
	for _, want := range []string{"Skip to the records", "theme", "help-button", "Show the bytes", "Position in segment 2", "Position in the log", "Point A", "Point B", "jump-to", "text", "grid", "tab-bytes", "dump", "fields"} {
		if !seen[want] {
			t.Errorf("Tab never comes to %q; it came to %v", want, seen)
		}
	}
	// From the list to the bytes, and through the fields.
	eval[bool](b, `(document.activeElement.blur(), true)`)
	b.keys("l")
	if focus() != "grid" {
		t.Fatalf("l leads to %s", focus())
	}
	b.keys(kbHome, downKey, downKey)
	b.until(`document.querySelector("#record-title").innerText.startsWith("LSN 2")`)
	b.keys(enterKey)
	if focus() != "fields" {
		t.Errorf("Enter leads to %s", focus())
	}
	before := b.text(`#fields [aria-selected="true"]`)
	b.keys(downKey)
	if after := b.text(`#fields [aria-selected="true"]`); after == before {
		t.Errorf("the arrow keys do not move through the fields: %s", after)
	}
	if n := eval[int](b, `document.querySelectorAll("#dump .lit").length`); n == 0 {
		t.Error("the field's bytes are not shown")
	}
	// The scrubber, the map, the points.
	eval[bool](b, `(document.querySelector(".h-at").focus(), true)`)
	b.keys(rightKey)
	b.until(`document.querySelector("#record-title").innerText.startsWith("LSN 3")`)
	eval[bool](b, `(document.querySelectorAll(".strip")[2].focus(), true)`)
	b.keys(kbHome, kbPageUp, kbPageUp, kbPageUp, kbPageUp, kbPageUp, kbPageUp, kbPageUp)
	b.until(`/^LSN (7|8)\d\d/.test(document.querySelector("#record-title").innerText)`)
	eval[bool](b, `(document.activeElement.blur(), true)`)
	b.keys("a")
	b.until(`/^(7|8)\d\d$/.test(document.querySelector("#points").elements.a.value)`)
	b.keys("g")
	b.until(`document.activeElement.id === "jump-to"`)
	eval[bool](b, `(document.activeElement.value = "", true)`)
	b.do(chromedp.SendKeys(chromedp.CSS("#jump-to"), "300\r"))
	b.until(`document.querySelector("#record-title").innerText.startsWith("LSN 300")`)
	eval[bool](b, `(document.activeElement.blur(), true)`)
	b.keys("?")
	b.until(`document.querySelector("#help").open`)
	call(b, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown, Key: "Escape", WindowsVirtualKeyCode: 27})
	b.until(`!document.querySelector("#help").open`)
	b.quiet()
}

// What a screen reader can come to has a name, and what it is told is there is.
func TestReportIsLabelled(t *testing.T) {
	_, url := report(t, damagedStore(t), 8<<20)
	b := open(t, url, 1440, 900, "light")
	call(b, dom.Enable, dom.EnableParams{})
	tree, err := chromedp.Call(b.ctx, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for _, n := range tree.Nodes {
		if n.Ignored || n.Role == nil {
			continue
		}
		role := strings.Trim(string(n.Role.Value), `"`)
		switch role {
		case "button", "textbox", "searchbox", "combobox", "radio", "slider", "tab", "listbox", "grid", "columnheader", "tabpanel", "dialog":
			if n.Name == nil || strings.Trim(string(n.Name.Value), `" `) == "" {
				t.Errorf("a %s has no name: node %v", role, n.BackendDOMNodeID)
				continue
			}
			named++
		}
	}
	if named < 30 {
		t.Errorf("only %d named things were found", named)
	}
	for _, attr := range []string{"aria-controls", "aria-labelledby", "aria-activedescendant"} {
		if got := eval[[]string](b, `[...document.querySelectorAll("[`+attr+`]")].map(e => e.getAttribute("`+attr+`")).filter(id => !document.getElementById(id))`); len(got) > 0 {
			t.Errorf("%s names what is not there: %q", attr, got)
		}
	}
}
