package book

import (
	"strings"
)

// block is a piece of Go code on a page.
type block struct {
	page     string // its path
	line     int    // on the page, of its first line of code
	preamble string // what an HTML comment before it declares
	code     string
}

// blocks returns the Go blocks of a page. What a block takes for granted, and fragments cannot say
// by themselves, may stand in an HTML comment right before it:
//
//	<!-- go
//	import "github.com/disgoorg/disgo/gateway"
//	var token string
//	-->
//	```go
//	use(token)
//	```
func blocks(path, page string) (found []block) {
	preamble := ""
	lines := strings.Split(page, "\n")
	for i := 0; i < len(lines); i++ {
		switch strings.TrimRight(lines[i], " ") {
		case "<!-- go":
			end := until(lines, i+1, "-->")
			preamble = strings.Join(lines[i+1:end], "\n")
			i = end
		case "```go":
			end := until(lines, i+1, "```")
			found = append(found, block{path, i + 2, preamble, strings.Join(lines[i+1:end], "\n")})
			preamble = ""
			i = end
		case "":
		default:
			preamble = ""
		}
	}
	return found
}

// until returns the index of the next line that is mark.
func until(lines []string, from int, mark string) int {
	for i := from; i < len(lines); i++ {
		if strings.TrimRight(lines[i], " ") == mark {
			return i
		}
	}
	return len(lines)
}
