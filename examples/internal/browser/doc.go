// Package browser opens pages in headless Chromium, for tests: it clicks through them, and checks what every page has to be:
// without violations of axe-core's rules of accessibility in light and in dark, no wider than a telephone, without errors, and
// without requests to anywhere else.
//
//	tab := browser.Open(t, "file://"+path)
//	tab.Do(chromedp.Click(chromedp.CSS("summary")))
//	if n := browser.Eval[int](tab, "document.querySelectorAll('[open]').length"); n != 1 {
//		t.Error(n)
//	}
//	tab.Unfold()
//	tab.Check()
//
// With the environment variable SCREENSHOTS, the name of a directory, Check leaves pictures of each page there, to look at.
//
// A test is skipped where there is no Chromium, and with -short, as a browser takes seconds to start. A Tab is for one
// goroutine at a time.
package browser
