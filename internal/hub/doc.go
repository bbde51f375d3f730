// Package hub reads models from the cache of Hugging Face on this machine, in the layout that its own tools use, and
// fetches them there on request.
//
//	CACHE/models--ORG--NAME/refs/REVISION            the commit that a branch or tag stood at
//	CACHE/models--ORG--NAME/snapshots/COMMIT/FILE    links to the blobs
//	CACHE/models--ORG--NAME/blobs/HASH               contents, under their SHA-256, or Git's SHA-1 for small files
//
// CACHE is HF_HUB_CACHE, or hub in HF_HOME, or huggingface/hub in XDG_CACHE_HOME, or ~/.cache/huggingface/hub. HF_ENDPOINT
// names another server, HF_TOKEN (or the file that HF_TOKEN_PATH names, or token in HF_HOME) the user; with HF_HUB_OFFLINE
// set nothing is fetched.
//
// An interrupted download is resumed where it ended, in the next call if need be; a request to a busy server is
// repeated after the time that it asks for; each file is checked against its hash before it gets its name; and the
// reference is written last, so that a snapshot found by name is complete. Of two processes that fetch the same file,
// one waits for the other.
package hub
