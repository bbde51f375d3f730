package hub

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"time"
)

const (
	attempts    = 5               // for each file, as long as they bring nothing new
	longestWait = 2 * time.Minute // that a server may ask for
	maxListing  = 16 << 20
)

// remote is a file as the server lists it.
type remote struct {
	Name string `json:"rfilename"`
	Size int64  `json:"size"`
	Blob string `json:"blobId"` // Git's SHA-1 of the content
	LFS  *struct {
		SHA256 string `json:"sha256"`
		Size   int64  `json:"size"`
	} `json:"lfs"`
}

var hexHash = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

// hash is what the content is checked against and kept under.
func (f *remote) hash() string {
	if f.LFS != nil {
		return f.LFS.SHA256
	}
	return f.Blob
}

func (f *remote) check() error {
	if f.LFS != nil {
		f.Size = f.LFS.Size
	}
	if !hexHash.MatchString(f.hash()) || f.Size < 0 || !fs.ValidPath(f.Name) {
		return fmt.Errorf("the server lists %q with hash %q and size %d, want a path inside the model and a SHA-1 or SHA-256", f.Name, f.hash(), f.Size)
	}
	return nil
}

// digest returns the hash to feed the content to.
func (f *remote) digest() hash.Hash {
	if f.LFS != nil {
		return sha256.New()
	}
	h := sha1.New()
	fmt.Fprintf(h, "blob %d\x00", f.Size)
	return h
}

// list asks for the commit of a revision and its files.
func (c *Client) list(ctx context.Context, r repo) (sha string, files []remote, err error) {
	from := fmt.Sprintf("%s/api/models/%s/revision/%s?blobs=true", c.Endpoint, r.name, url.PathEscape(r.revision))
	var listing struct {
		SHA      string   `json:"sha"`
		Siblings []remote `json:"siblings"`
	}
	err = c.retry(ctx, func() (bool, error) {
		response, stop, err := c.get(ctx, from, 0)
		if err != nil {
			return false, err
		}
		defer stop()
		b, err := io.ReadAll(io.LimitReader(response.Body, maxListing))
		if err != nil {
			return false, err
		}
		if err := json.Unmarshal(b, &listing); err != nil {
			return false, permanent{fmt.Errorf("the server's answer is not what the hub's would be: %w", err)}
		}
		return false, nil
	})
	if err == nil && !commit.MatchString(listing.SHA) {
		err = fmt.Errorf("the server names the commit %q, want 40 hexadecimal digits", listing.SHA)
	}
	if err != nil {
		return "", nil, fmt.Errorf("hub: %s@%s: %w", r.name, r.revision, err)
	}
	return listing.SHA, listing.Siblings, nil
}

// download fetches a file into blob by way of blob.incomplete, which stays for the next call if this one fails. If another
// process is fetching it, download waits for that.
func (c *Client) download(ctx context.Context, from, blob string, f remote) error {
	if err := os.MkdirAll(filepath.Dir(blob), 0o755); err != nil {
		return err
	}
	part, err := os.OpenFile(blob+".incomplete", os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	defer part.Close()
	for !lock(part) {
		if err := c.Wait(ctx, time.Second); err != nil {
			return err
		}
	}
	if f.isIn(blob) { // by now
		os.Remove(part.Name()) // is gone already, or was made just now
		return nil
	}
	if err := c.complete(ctx, from, part, f); err != nil {
		return err
	}
	if err := part.Sync(); err != nil {
		return err
	}
	if err := part.Close(); err != nil {
		return err
	}
	if err := os.Rename(part.Name(), blob); err != nil && !f.isIn(blob) { // which another process may have seen to
		return err
	}
	return nil
}

// isIn reports whether the file is there, of the right size.
func (f *remote) isIn(blob string) bool {
	info, err := os.Stat(blob)
	return err == nil && info.Size() == f.Size
}

// complete appends to part what is missing, and checks the hash. If part was begun in another call and does not fit, it
// is fetched anew.
func (c *Client) complete(ctx context.Context, from string, part *os.File, f remote) error {
	begun, err := part.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	for {
		err := c.retry(ctx, func() (bool, error) { return c.more(ctx, from, part, f) })
		if err != nil {
			return err
		}
		if _, err := part.Seek(0, io.SeekStart); err != nil {
			return err
		}
		h := f.digest()
		if _, err := io.Copy(h, part); err != nil {
			return err
		}
		got := hex.EncodeToString(h.Sum(nil))
		if got == f.hash() {
			return nil
		}
		if err := part.Truncate(0); err != nil {
			return err
		}
		if begun == 0 {
			return fmt.Errorf("the content has hash %s, want %s: damaged on its way, or not the hub's", got, f.hash())
		}
		begun = 0
	}
}

// more makes one request for the rest of a file. It reports whether that brought anything.
func (c *Client) more(ctx context.Context, from string, part *os.File, f remote) (progress bool, err error) {
	at, err := part.Seek(0, io.SeekEnd)
	if err != nil {
		return false, permanent{err}
	}
	if at > f.Size {
		if err := part.Truncate(0); err != nil {
			return false, permanent{err}
		}
		at = 0
	}
	if at == f.Size && at > 0 {
		return false, nil
	}
	response, stop, err := c.get(ctx, from, at)
	if err != nil {
		return false, err
	}
	defer stop()
	if response.StatusCode != http.StatusPartialContent {
		at = 0 // the server sends the whole
	}
	if err := part.Truncate(at); err != nil {
		return false, permanent{err}
	}
	if _, err := part.Seek(at, io.SeekStart); err != nil {
		return false, permanent{err}
	}
	n, err := io.Copy(&counter{part, c.Progress, f, at}, io.LimitReader(response.Body, f.Size-at+1))
	if err == nil && at+n != f.Size {
		err = fmt.Errorf("%d bytes, want %d", at+n, f.Size)
		if at+n > f.Size {
			err = permanent{err}
		}
	}
	return n > 0, err
}

// counter is the file that a download goes to; failing to write to it is permanent.
type counter struct {
	file     *os.File
	progress func(file string, done, total int64)
	remote   remote
	done     int64
}

func (w *counter) Write(b []byte) (int, error) {
	n, err := w.file.Write(b)
	if err != nil {
		return n, permanent{err}
	}
	w.done += int64(n)
	if w.progress != nil {
		w.progress(w.remote.Name, w.done, w.remote.Size)
	}
	return n, nil
}

// get makes a request, from byte at on. The body ends with an error when it stalls; stop ends the request.
func (c *Client) get(ctx context.Context, from string, at int64) (response *http.Response, stop func(), err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	stalled := time.AfterFunc(c.Stall, func() { cancel(fmt.Errorf("no answer for %v", c.Stall)) })
	stop = func() { stalled.Stop(); cancel(nil) }
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		stop()
		return nil, nil, permanent{err}
	}
	request.Header.Set("User-Agent", "salesconv")
	request.Header.Set("Accept-Encoding", "identity") // lengths and ranges count bytes of the file
	if c.Token != "" {
		request.Header.Set("Authorization", "Bearer "+c.Token)
	}
	if at > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", at))
	}
	response, err = c.HTTP.Do(request)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		stop()
		return nil, nil, err
	}
	end := stop
	stop = func() { response.Body.Close(); end() }
	if err := status(response); err != nil {
		stop()
		return nil, nil, err
	}
	response.Body = &watched{response.Body, ctx, func() { stalled.Reset(c.Stall) }}
	return response, stop, nil
}

// watched is a body that reports each read, and why its request was given up.
type watched struct {
	io.ReadCloser
	ctx  context.Context
	read func()
}

func (w *watched) Read(b []byte) (int, error) {
	n, err := w.ReadCloser.Read(b)
	w.read()
	if cause := context.Cause(w.ctx); err != nil && err != io.EOF && cause != nil {
		err = cause
	}
	return n, err
}

// permanent is an error that another attempt would meet again.
type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

// busy is an answer that asks for patience.
type busy struct {
	status string
	wait   time.Duration // 0: the server does not say
}

func (b busy) Error() string { return "the server answers " + b.status }

// status turns an answer without content into an error.
func status(r *http.Response) error {
	switch s := r.StatusCode; {
	case s == http.StatusOK || s == http.StatusPartialContent:
		return nil
	case s == http.StatusNotFound:
		return permanent{fmt.Errorf("the server answers %s: check the name and the revision; a private model needs HF_TOKEN", r.Status)}
	case s == http.StatusUnauthorized || s == http.StatusForbidden:
		return permanent{fmt.Errorf("the server answers %s: set HF_TOKEN to a token that may read this model", r.Status)}
	case s == http.StatusTooManyRequests || s >= 500:
		return busy{r.Status, retryAfter(r.Header.Get("Retry-After"))}
	default:
		return permanent{fmt.Errorf("the server answers %s", r.Status)}
	}
}

// retryAfter reads the header of that name: seconds, or a date.
func retryAfter(value string) time.Duration {
	if s, err := strconv.Atoi(value); err == nil && s >= 0 {
		return time.Duration(min(s, int(24*time.Hour/time.Second))) * time.Second
	}
	if t, err := http.ParseTime(value); err == nil {
		return max(time.Until(t), 0)
	}
	return 0
}

// retry calls f until it succeeds, fails for good, or has failed some times in a row without progress.
func (c *Client) retry(ctx context.Context, f func() (progress bool, err error)) error {
	for failed, pause := 0, time.Second; ; pause *= 2 {
		progress, err := f()
		if err == nil {
			return nil
		}
		if progress {
			failed, pause = 0, time.Second
		}
		if p := (permanent{}); errors.As(err, &p) || ctx.Err() != nil {
			return err
		}
		if failed++; failed == attempts {
			return fmt.Errorf("%w, in %d attempts", err, attempts)
		}
		d := pause
		if b := (busy{}); errors.As(err, &b) && b.wait > 0 {
			if b.wait > longestWait {
				return fmt.Errorf("%w and asks to wait %v", err, b.wait)
			}
			d = b.wait
		}
		if err := c.Wait(ctx, d); err != nil {
			return err
		}
	}
}
