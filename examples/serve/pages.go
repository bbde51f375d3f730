package main

import (
	"embed"
	"mime"
	"net/http"
	"path"
)

// files are the page to paste a call and the documentation, which need nothing from elsewhere.
//
//go:embed web
var files embed.FS

// pageFiles are the files by their paths.
var pageFiles = map[string]string{
	"/": "page.html", "/page.js": "page.js", "/page.css": "page.css", "/docs": "docs.html", "/docs.js": "docs.js",
}

// pages serves the pages. Their scripts may talk to this service alone.
func pages(mux *http.ServeMux) {
	for at, name := range pageFiles {
		content, err := files.ReadFile("web/" + name)
		if err != nil {
			panic(err) // it is embedded
		}
		kind := mime.TypeByExtension(path.Ext(name))
		if at == "/" {
			at = "/{$}"
		}
		mux.HandleFunc("GET "+at, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
			w.Header().Set("Cache-Control", "no-cache")
			w.Write(content)
		})
	}
}
