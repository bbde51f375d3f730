// Command photograph takes pictures of pages in headless Chromium, which has to be installed; examples/pictures/make.sh makes
// those of the README with it.
//
//	go run ./examples/internal/photograph [-width N] [-density X] [-dark] PAGE.html[#FRAGMENT] SELECTOR FILE.png [SELECTOR FILE.png …]
//
// Everything that is folded on the page is unfolded, but for calls. A fragment filters a list or opens a call, as links on the page
// do. A selector, of CSS, names the part of the page that a picture shows, the first one that it fits: "body" for all of it.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"image/png"
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/org/salesconv/examples/cli"
)

func main() { cli.Main(run) }

const usage = `[flags] PAGE.html[#FRAGMENT] SELECTOR FILE.png [SELECTOR FILE.png …]

It takes pictures of the parts of a page that CSS selectors name, in headless Chromium.`

func run(ctx context.Context, env *cli.Env) error {
	flags := flag.NewFlagSet("photograph", flag.ContinueOnError)
	width := flags.Int("width", 1000, "`pixels` of the screen from side to side")
	density := flags.Float64("density", 1.5, "pixels of a picture that are one of the screen")
	dark := flags.Bool("dark", false, "prefer dark pages")
	if err := env.Parse(flags, usage); err != nil {
		return err
	}
	if n := len(env.Args); n < 3 || n%2 == 0 {
		return cli.Usagef("%d arguments: want a page, and a selector and a file for each picture", n)
	}
	path, fragment, _ := strings.Cut(env.Args[0], "#")
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	page := url.URL{Scheme: "file", Path: filepath.ToSlash(path), Fragment: fragment}
	allocator, stop := chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox)...)
	defer stop()
	tab, cancel := chromedp.NewContext(allocator)
	defer cancel()
	if err := chromedp.Do(tab, scheme(*dark), chromedp.EmulateViewport(int64(*width), 900, chromedp.EmulateScale(*density)), chromedp.Navigate(page.String()),
		chromedp.Evaluate[chromedp.Void](`for (const d of document.querySelectorAll("details:not(.call)")) d.open = true`)); err != nil {
		return fmt.Errorf("%s: %w", env.Args[0], err)
	}
	for picture := range slices.Chunk(env.Args[1:], 2) {
		drawn, err := chromedp.Run(tab, chromedp.Screenshot(chromedp.CSS(picture[0])))
		if err != nil {
			return fmt.Errorf("%s: %q: %w", env.Args[0], picture[0], err)
		}
		taken, err := png.Decode(bytes.NewReader(drawn))
		if err != nil {
			return err
		}
		small := png.Encoder{CompressionLevel: png.BestCompression}
		if err := cli.WriteFile(picture[1], func(w io.Writer) error { return small.Encode(w, taken) }); err != nil {
			return err
		}
	}
	return nil
}

// scheme is the action that makes the reader prefer light or dark pages.
func scheme(dark bool) chromedp.Action[chromedp.Void] {
	preferred := map[bool]string{false: "light", true: "dark"}[dark]
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: preferred}}})
		return err
	})
}
