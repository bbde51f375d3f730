package hub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/org/salesconv/internal/atomicfile"
)

// Client is a cache and the server that fills it.
type Client struct {
	Cache    string
	Endpoint string
	Token    string
	Offline  bool
	Progress func(file string, done, total int64) // watches downloads; may be nil

	HTTP *http.Client
	// Stall is for how long a request may bring no byte before it is given up and made again.
	Stall time.Duration
	Wait  func(ctx context.Context, d time.Duration) error // between attempts
}

// FromEnvironment returns the client that the variables of Hugging Face's tools describe.
func FromEnvironment() *Client {
	home := os.Getenv("HF_HOME")
	if home == "" {
		cache := os.Getenv("XDG_CACHE_HOME")
		if cache == "" {
			user, _ := os.UserHomeDir() // without one, paths are relative and say so in errors
			cache = filepath.Join(user, ".cache")
		}
		home = filepath.Join(cache, "huggingface")
	}
	c := &Client{
		Cache:    os.Getenv("HF_HUB_CACHE"),
		Endpoint: strings.TrimSuffix(os.Getenv("HF_ENDPOINT"), "/"),
		Token:    strings.TrimSpace(os.Getenv("HF_TOKEN")),
		HTTP:     http.DefaultClient,
		Stall:    30 * time.Second,
		Wait:     wait,
	}
	if c.Cache == "" {
		c.Cache = filepath.Join(home, "hub")
	}
	if c.Endpoint == "" {
		c.Endpoint = "https://huggingface.co"
	}
	if c.Token == "" {
		path := os.Getenv("HF_TOKEN_PATH")
		if path == "" {
			path = filepath.Join(home, "token")
		}
		b, _ := os.ReadFile(path) // most users have none
		c.Token = strings.TrimSpace(string(b))
	}
	switch strings.ToLower(os.Getenv("HF_HUB_OFFLINE")) {
	case "1", "true", "yes", "on":
		c.Offline = true
	}
	return c
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

var (
	repoName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)?$`)
	revision = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$`)
	commit   = regexp.MustCompile(`^[0-9a-f]{40}$`)
)

// repo is a model at a revision: a branch, a tag or a commit.
type repo struct{ name, revision string }

// parse reads "org/name" or "org/name@revision".
func parse(name string) (repo, error) {
	r := repo{revision: "main"}
	var given bool
	if r.name, _, given = strings.Cut(name, "@"); given {
		_, r.revision, _ = strings.Cut(name, "@")
	}
	if !repoName.MatchString(r.name) || !revision.MatchString(r.revision) {
		return r, fmt.Errorf("hub: %q is not a model's name, want org/name or org/name@revision", name)
	}
	return r, nil
}

// IsName reports whether name is one of a model, "org/name" or "org/name@revision".
func IsName(name string) bool {
	_, err := parse(name)
	return err == nil
}

// directory is where the cache keeps a model.
func (c *Client) directory(r repo) string {
	return filepath.Join(c.Cache, "models--"+strings.ReplaceAll(r.name, "/", "--"))
}

// Cached returns the directory of a model's snapshot in the cache. It never touches the network.
func (c *Client) Cached(name string) (string, error) {
	r, err := parse(name)
	if err != nil {
		return "", err
	}
	sha := r.revision
	if !commit.MatchString(sha) {
		b, err := os.ReadFile(filepath.Join(c.directory(r), "refs", r.revision))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("hub: %w", err)
		}
		sha = strings.TrimSpace(string(b))
	}
	dir := filepath.Join(c.directory(r), "snapshots", sha)
	if info, err := os.Stat(dir); !commit.MatchString(sha) || err != nil || !info.IsDir() {
		remedy := "run hf download " + name + ", or ask for it to be downloaded"
		if c.Offline {
			remedy = "HF_HUB_OFFLINE is set, so nothing is downloaded"
		}
		return "", fmt.Errorf("hub: %s is not in the cache %s: %s", name, c.Cache, remedy)
	}
	return dir, nil
}

// Fetch brings the files of a model whose names match into the cache, as far as they are not there yet, and returns the
// directory of its snapshot. Offline, it is Cached.
func (c *Client) Fetch(ctx context.Context, name string, match *regexp.Regexp) (string, error) {
	r, err := parse(name)
	if err != nil {
		return "", err
	}
	if c.Offline {
		return c.Cached(name)
	}
	sha, files, err := c.list(ctx, r)
	if err != nil {
		return "", err
	}
	snapshot := filepath.Join(c.directory(r), "snapshots", sha)
	files = slices.DeleteFunc(files, func(f remote) bool { return !match.MatchString(f.Name) })
	for _, f := range files {
		if err := f.check(); err != nil {
			return "", fmt.Errorf("hub: %s: %w", name, err)
		}
		blob := filepath.Join(c.directory(r), "blobs", f.hash())
		if !f.isIn(blob) {
			from := fmt.Sprintf("%s/%s/resolve/%s/%s", c.Endpoint, r.name, sha, f.Name)
			if err := c.download(ctx, from, blob, f); err != nil {
				return "", fmt.Errorf("hub: %s: %s: %w", name, f.Name, err)
			}
		}
		if err := link(blob, filepath.Join(snapshot, filepath.FromSlash(f.Name))); err != nil {
			return "", fmt.Errorf("hub: %w", err)
		}
	}
	if len(files) == 0 {
		return "", fmt.Errorf("hub: %s has none of the files that are looked for", name)
	}
	err = atomicfile.WriteFile(filepath.Join(c.directory(r), "refs", filepath.FromSlash(r.revision)), func(w io.Writer) error {
		_, err := io.WriteString(w, sha)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("hub: %w", err)
	}
	return snapshot, nil
}

// link makes path point to blob, relatively, so that the cache can be moved; where there are no links, it becomes a copy.
func link(blob, path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	os.Remove(path) // a link to a blob that is gone
	to, err := filepath.Rel(filepath.Dir(path), blob)
	if err != nil {
		return err
	}
	if os.Symlink(to, path) == nil {
		return nil
	}
	f, err := os.Open(blob)
	if err != nil {
		return err
	}
	defer f.Close()
	return atomicfile.WriteFile(path, func(w io.Writer) error {
		_, err := io.Copy(w, f)
		return err
	})
}
