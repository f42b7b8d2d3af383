package transport

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/sluice-go/sluice/engine/internal/secret"
)

// CheckURL refuses a URL that has another scheme, no host, or a password in it. The error
// shows neither that nor the query.
func CheckURL(raw string, schemes ...string) error {
	u, err := url.Parse(raw)
	if err != nil {
		return fmt.Errorf("is no URL; give one like %s://host", schemes[len(schemes)-1])
	}
	for _, scheme := range schemes {
		if u.Scheme == scheme && u.Host != "" {
			if u.User != nil {
				return errors.New("must not carry a user name or password")
			}
			return nil
		}
	}
	return fmt.Errorf("%s will not do: it must begin with %s:// and name a host", secret.ShowURL(raw), strings.Join(schemes, ":// or "))
}
