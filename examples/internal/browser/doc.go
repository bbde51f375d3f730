// Package browser opens pages in headless Chromium, for tests: it clicks through them, and checks that a page has no
// violations of axe-core's accessibility rules in light and dark mode, is no wider than a telephone, has no errors, and sends
// no requests to other hosts.
//
//	tab := browser.Open(t, "file://"+path)
//	tab.Do(chromedp.Click(chromedp.CSS("summary")))
//	if n := browser.Eval[int](tab, "document.querySelectorAll('[open]').length"); n != 1 {
//		t.Error(n)
//	}
//	tab.Unfold()
//	tab.Check()
//
// With the environment variable SCREENSHOTS, the name of a directory, Check saves screenshots of each page there.
//
// A test is skipped where there is no Chromium, and with -short, as a browser takes seconds to start. A Tab is for one
// goroutine at a time.
package browser
