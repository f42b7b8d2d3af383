package gatewaytest

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	// maxFile is the largest file that a bot may send (Discord: "Uploading Files").
	maxFile = 10 << 20

	// maxFilesBody is the longest request with files (Discord: "Create Message").
	maxFilesBody = 25 << 20

	// maxFiles is how many files a message may have.
	maxFiles = 10
)

// sentFile is a file of a message. What is in it is not kept.
type sentFile struct {
	number string // n of the field files[n], which the message's attachments refer to
	name   string
	kind   string // its media type
	size   int64  // in bytes
}

// readMessage decodes the request's body into v, which holds sent: JSON, or a form with payload_json and
// files. If that fails it answers, and reports false.
func (c *call) readMessage(v any, sent *sentMessage) bool {
	kind, params, _ := mime.ParseMediaType(c.Request.Header.Get("Content-Type"))
	if kind != "multipart/form-data" {
		return c.read(v)
	}
	body := http.MaxBytesReader(c.ResponseWriter, c.Body, maxFilesBody)
	err := readForm(multipart.NewReader(body, params["boundary"]), v, sent)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.Is(err, errTooLarge) || errors.As(err, &tooLarge):
		c.fail(http.StatusRequestEntityTooLarge, 40005, "Request entity too large")
	case errors.Is(err, errBadJSON):
		c.fail(http.StatusBadRequest, 50109, "The request body contains invalid JSON.")
	case err != nil:
		c.invalid("files", "BASE_TYPE_REQUIRED", "This is no form with payload_json and up to 10 files: "+err.Error())
	}
	return err == nil
}

var (
	errTooLarge = errors.New("too large")
	errBadJSON  = errors.New("invalid JSON")
)

// readForm reads a message's form to its end.
func readForm(form *multipart.Reader, v any, sent *sentMessage) error {
	for {
		part, err := form.NextPart()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		name := part.FormName()
		switch {
		case name == "payload_json":
			payload, err := io.ReadAll(io.LimitReader(part, maxRESTBody+1))
			if err != nil {
				return err
			}
			if len(payload) > maxRESTBody {
				return errTooLarge
			}
			if json.Unmarshal(payload, v) != nil {
				return errBadJSON
			}
		case part.FileName() != "":
			if len(sent.files) == maxFiles {
				return errors.New("it has more files")
			}
			size, err := io.Copy(io.Discard, io.LimitReader(part, maxFile+1))
			if err != nil {
				return err
			}
			if size > maxFile {
				return errTooLarge
			}
			kind := part.Header.Get("Content-Type")
			if kind == "" {
				kind = "application/octet-stream"
			}
			number := strings.TrimSuffix(strings.TrimPrefix(name, "files["), "]")
			sent.files = append(sent.files, sentFile{number, part.FileName(), kind, size})
		}
	}
}

// attach makes the attachments of a message, whose files are nowhere to be had (Discord:
// "Attachment Object").
func (s *Server) attach(sent *sentMessage, channel string) []any {
	attachments := []any{}
	for _, file := range sent.files {
		id := s.messageID(time.Now())
		where := channel + "/" + id + "/" + url.PathEscape(file.name)
		attachment := map[string]any{
			"id": id, "filename": file.name, "size": file.size, "content_type": file.kind,
			"url": "https://cdn.discordapp.com/attachments/" + where, "proxy_url": "https://media.discordapp.net/attachments/" + where,
		}
		for _, said := range sent.Attachments {
			if string(said.ID) == file.number || string(said.ID) == strconv.Quote(file.number) {
				if said.Description != "" {
					attachment["description"] = said.Description
				}
			}
		}
		attachments = append(attachments, attachment)
	}
	return attachments
}
