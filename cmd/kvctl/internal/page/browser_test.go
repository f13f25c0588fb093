package page

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

var chromium = sync.OnceValues(func() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", exec.ErrNotFound
})

// tab is one page in a browser, with what it asked the network for and what it
// complained of.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu         sync.Mutex
	requests   []string
	complaints []string
}

// browser is one headless Chromium for all tests of a run, begun by the first that
// needs it. It resolves no name at all.
var browser struct {
	once  sync.Once
	ctx   context.Context
	close func()
	err   error
}

func launch() {
	path, err := chromium()
	if err != nil {
		browser.err = err
		return
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"), chromedp.Flag("disable-gpu", true))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // it refuses to run as root with one
	}
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(ctx)
	browser.ctx, browser.close = ctx, func() { cancel(); stop() }
	browser.err = chromedp.Do(ctx)
}

func TestMain(m *testing.M) {
	code := m.Run()
	if browser.close != nil {
		browser.close()
	}
	os.Exit(code)
}

// open loads an address in a tab of its own and waits until the page is drawn.
func open(t *testing.T, url string, width, height int, scheme string) *tab {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser takes minutes, and what it shows the long run shows: not with -short")
	}
	browser.once.Do(launch)
	if errors.Is(browser.err, exec.ErrNotFound) {
		t.Skip("no Chromium to test with: apt-get install chromium")
	}
	if browser.err != nil {
		t.Fatal(browser.err)
	}
	b := &tab{t: t}
	ctx, cancel := chromedp.NewContext(browser.ctx, chromedp.WithListener(b.event))
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 3*time.Minute)
	t.Cleanup(cancel)
	b.ctx = ctx
	b.do(chromedp.EmulateViewport(int64(width), int64(height)))
	call(b, network.Enable, network.EnableParams{})
	call(b, log.Enable, cdp.Empty{})
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
	b.load(url)
	return b
}

// load goes to an address and waits until the page is drawn.
func (b *tab) load(url string) {
	b.t.Helper()
	b.do(chromedp.Navigate(url))
	b.until(`document.documentElement.dataset.ready === "true"`)
}

func (b *tab) event(e any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := e.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if x := e.ExceptionDetails.Exception; x != nil {
			text += " " + x.Description
		}
		b.complaints = append(b.complaints, text)
	case *runtime.EventConsoleAPICalled:
		b.complaints = append(b.complaints, "console."+string(e.Type))
	case *log.EventEntryAdded:
		b.complaints = append(b.complaints, e.Entry.Text+" "+e.Entry.URL)
	}
}

func (b *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.fail(err)
	}
}

// fail ends the test, and tells what the page complained of.
func (b *tab) fail(err error) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.t.Fatalf("%v\n%s", err, strings.Join(b.complaints, "\n"))
}

// call is a command of the browser's protocol.
func call[P, R any](b *tab, command cdp.Command[P, R], params P) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, command, params); err != nil {
		b.fail(err)
	}
}

// eval is the value of an expression, a promise's when it is one.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.fail(err)
	}
	return v
}

// text is what an element shows, once it is there.
func (b *tab) text(selector string) string {
	b.t.Helper()
	b.until(`document.querySelector(` + "`" + selector + "`" + `)`) // bytes come a moment later than their row
	return eval[string](b, `document.querySelector(`+"`"+selector+"`"+`).innerText`)
}

// until waits for an expression to hold.
func (b *tab) until(expression string) {
	b.t.Helper()
	poll := func() error {
		_, err := chromedp.Run(b.ctx, chromedp.Poll[chromedp.Void](expression, chromedp.WithPollingInterval(20*time.Millisecond), chromedp.WithPollingTimeout(30*time.Second)))
		return err
	}
	err := poll()
	for range 3 {
		if err == nil || !strings.Contains(err.Error(), "Cannot find context") {
			break
		}
		err = poll() // a page that was on its way out has gone
	}
	if err != nil {
		b.shot("until")
		b.fail(fmt.Errorf("never came true: %s: %w\n%s", expression, err, eval[string](b, `document.querySelector("#record-title").innerText + "; " + document.querySelector("#tally").innerText`)))
	}
}

// keys presses keys, one after the other.
func (b *tab) keys(keys ...string) {
	b.t.Helper()
	for _, k := range keys {
		b.do(chromedp.KeyEvent(k))
	}
}

const (
	tabKey   = kb.Tab
	enterKey = kb.Enter
	downKey  = kb.ArrowDown
	rightKey = kb.ArrowRight
	endKey   = kb.End
	kbHome   = kb.Home
	kbPageUp = kb.PageUp
)

// shot keeps a picture where KVCTL_SHOTS says, for people to look at.
func (b *tab) shot(name string) {
	dir := os.Getenv("KVCTL_SHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		b.t.Log(err)
		return
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		b.t.Log(err)
	}
}

// quiet demands that the page complained of nothing.
func (b *tab) quiet() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.complaints {
		b.t.Errorf("the page complains: %s", e)
	}
}

func contains(s, part string) bool { return strings.Contains(s, part) }

// comma writes a number as the page does.
func comma(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
