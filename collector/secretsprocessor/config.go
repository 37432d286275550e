package secretsprocessor

import (
	"errors"
	"fmt"
	"strings"
)

// Level is how far the processor goes.
type Level string

const (
	// Standard deletes by name and masks URLs and tokens of known shapes.
	Standard Level = "standard"
	// Strict also masks values that follow a secret's name inside a string.
	Strict Level = "strict"
)

const (
	maxKeys      = 1000 // entries in all three lists together
	maxKeyLength = 256  // bytes of an entry
)

// Config is the configuration of the processor. A key matches the whole name of an attribute or its last
// segments, in any case and with any separator: api_key matches API-Key, x.api.key and stripeApiKey. With a
// leading asterisk it also matches the end of a word: *password matches dbpassword.
type Config struct {
	// Level is standard (default) or strict.
	Level Level `mapstructure:"level"`
	// Keys replaces the default names of secrets.
	Keys []string `mapstructure:"keys"`
	// MoreKeys adds to Keys.
	MoreKeys []string `mapstructure:"more_keys"`
	// KeepKeys names attributes that are kept although their name matches, in addition to a few that are known to be
	// harmless. Their values are still searched for URLs and tokens.
	KeepKeys []string `mapstructure:"keep_keys"`
}

// Validate reports an unknown level and keys that can never match.
func (c *Config) Validate() error {
	var errs []error
	if c.Level != Standard && c.Level != Strict {
		errs = append(errs, fmt.Errorf("level: unknown level %q; use standard or strict", c.Level))
	}
	lists := []struct {
		name string
		keys []string
	}{{"keys", c.Keys}, {"more_keys", c.MoreKeys}, {"keep_keys", c.KeepKeys}}
	total := 0
	for _, list := range lists {
		total += len(list.keys)
		for i, key := range list.keys {
			if err := validateKey(key); err != nil {
				errs = append(errs, fmt.Errorf("%s[%d]: %w", list.name, i, err))
			}
		}
	}
	if total > maxKeys {
		errs = append(errs, fmt.Errorf("keys, more_keys, keep_keys: %d entries; at most %d are allowed", total, maxKeys))
	}
	return errors.Join(errs...)
}

func validateKey(key string) error {
	switch {
	case len(key) > maxKeyLength:
		return fmt.Errorf("key of %d bytes; at most %d are allowed", len(key), maxKeyLength)
	case strings.Contains(strings.TrimPrefix(key, "*"), "*"):
		return fmt.Errorf("key %q: an asterisk is allowed only as the first character", key)
	case newWord(key).text == "":
		return fmt.Errorf("key %q has no letter or digit", key)
	}
	return nil
}

// defaultKeys are names of secrets. "token" covers access_token, X-Amz-Security-Token and so on; the longer
// forms are for names that are written without a separator.
func defaultKeys() []string {
	return []string{
		"*password", "*passwd", "pwd", "passphrase", "passcode", "pgpassword", "sshpass", "rediscli_auth",
		"secret", "client_secret", "app_secret", "shared_secret", "secret_string",
		"token", "access_token", "refresh_token", "id_token", "auth_token", "api_token", "session_token", "bearer_token",
		"api_key", "private_key", "secret_key", "secret_access_key", "access_key", "account_key", "auth_key",
		"shared_access_key", "encryption_key", "signing_key", "master_key", "subscription_key", "functions_key",
		"authorization", "cookie", "set_cookie", "credential", "credentials", "jwt",
	}
}

// harmlessKeys match the name of a secret but are harmless: a working directory, and a header that is "true".
func harmlessKeys() []string {
	return []string{"process.environment_variable.PWD", "access-control-allow-credentials"}
}
