package gatewaytest

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strconv"
)

const (
	// maxRESTBody is the longest body that is read, in bytes.
	maxRESTBody = 1 << 20

	// maxCommands is how many commands of each type an application may have (Discord:
	// "Application Commands").
	maxCommands = 100

	// maxScopes bounds how many guilds can have commands of their own.
	maxScopes = 2500
)

// appCommand is an application command, as the client sent it and with what Discord adds.
type appCommand map[string]any

// read decodes the request's body; if that fails it answers, and reports false.
func (c *call) read(v any) bool {
	body, err := io.ReadAll(http.MaxBytesReader(c.ResponseWriter, c.Body, maxRESTBody))
	switch {
	case err != nil:
		c.fail(http.StatusRequestEntityTooLarge, 40005, "Request entity too large")
	case json.Unmarshal(body, v) != nil:
		c.fail(http.StatusBadRequest, 50109, "The request body contains invalid JSON.")
	default:
		return true
	}
	return false
}

// owns reports whether the path's application is the bot's; otherwise it answers.
func (c *call) owns() bool {
	if c.PathValue("application") == strconv.FormatUint(c.srv.cfg.bot, 10) {
		return true
	}
	c.fail(http.StatusNotFound, 10002, "Unknown Application")
	return false
}

// getCommands is Discord's Get Global, or Guild, Application Commands.
func (c *call) getCommands() {
	if !c.owns() {
		return
	}
	s := c.srv
	s.mu.Lock()
	commands := s.commands[c.PathValue("guild")]
	s.mu.Unlock()
	c.answer(http.StatusOK, append([]appCommand{}, commands...))
}

// putCommands is Discord's Bulk Overwrite Global, or Guild, Application Commands.
func (c *call) putCommands() {
	var commands []appCommand
	if !c.owns() || !c.read(&commands) || !c.checkCommands(commands) {
		return
	}
	s := c.srv
	s.mu.Lock()
	guild := c.PathValue("guild")
	if len(s.commands) >= maxScopes && s.commands[guild] == nil {
		clear(s.commands)
	}
	old := s.commands[guild]
	for i, command := range commands {
		commands[i] = s.complete(command, guild, old)
	}
	s.commands[guild] = commands
	s.mu.Unlock()
	c.answer(http.StatusOK, append([]appCommand{}, commands...))
}

// postCommand is Discord's Create Global, or Guild, Application Command. One that exists is
// replaced, with status 200.
func (c *call) postCommand() {
	var command appCommand
	if !c.owns() || !c.read(&command) || !c.checkCommands([]appCommand{command}) {
		return
	}
	s := c.srv
	s.mu.Lock()
	guild := c.PathValue("guild")
	old := s.commands[guild]
	command = s.complete(command, guild, old)
	commands := append([]appCommand{}, old...)
	status := http.StatusCreated
	for i := range commands {
		if commands[i]["id"] == command["id"] {
			commands[i], status = command, http.StatusOK
		}
	}
	if status == http.StatusCreated {
		commands = append(commands, command)
	}
	full := len(commands) > maxCommands
	if !full {
		s.commands[guild] = commands
	}
	s.mu.Unlock()
	if full {
		c.fail(http.StatusBadRequest, 30032, "Maximum number of application commands reached (100)")
		return
	}
	c.answer(status, command)
}

// checkCommands answers, and reports false, if a command could not be Discord's.
func (c *call) checkCommands(commands []appCommand) bool {
	if len(commands) > maxCommands {
		c.fail(http.StatusBadRequest, 30032, "Maximum number of application commands reached (100)")
		return false
	}
	for _, command := range commands {
		if name, _ := command["name"].(string); name == "" {
			c.invalid("name", "BASE_TYPE_REQUIRED", "This field is required")
			return false
		} else if len([]rune(name)) > 32 {
			c.invalid("name", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 32 in length.")
			return false
		}
	}
	return true
}

// complete returns command with the fields that a client may leave out, and the id of the one in old
// that has its name and type. The caller holds s.mu.
func (s *Server) complete(command appCommand, guild string, old []appCommand) appCommand {
	s.commandID++
	full := appCommand{
		"type": float64(1), "description": "", "options": []any{}, "default_member_permissions": nil, "nsfw": false,
		"name_localizations": nil, "description_localizations": nil,
	}
	if guild == "" {
		full["dm_permission"], full["integration_types"], full["contexts"] = true, []int{0}, nil
	}
	maps.Copy(full, command)
	full["id"] = strconv.FormatUint(s.cfg.bot+s.commandID, 10)
	full["version"] = strconv.FormatUint(s.cfg.bot+s.commandID, 10)
	full["application_id"] = strconv.FormatUint(s.cfg.bot, 10)
	if guild != "" {
		full["guild_id"] = guild
	}
	for _, other := range old {
		if other["name"] == full["name"] && other["type"] == full["type"] {
			full["id"] = other["id"]
		}
	}
	return full
}
