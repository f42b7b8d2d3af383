package secret

import "net/url"

// ShowURL returns a URL as it may be printed: without user, password, query and
// fragment, in all of which there can be a secret. Every error and every line of the log
// that names a URL goes through it. What cannot be parsed is not repeated at all.
func ShowURL(raw string) string {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return "a URL that cannot be parsed"
	case u.Host == "":
		// What stands in front of a colon is then taken for a scheme, and all else
		// for a path: either may be a password.
		return "a URL without a host"
	}
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	return shown.String()
}
