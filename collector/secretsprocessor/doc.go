// Package secretsprocessor removes secrets from traces, metrics and logs.
//
// It deletes attributes by name, in any case and wherever an attribute can be, and masks secrets inside
// strings: user information and query parameters of URLs, and tokens that are known by their shape. The level
// strict also masks what follows a secret's name in statements, command lines, messages and log text.
//
// It does not look for personal data, does not validate tokens, and does not decode bytes, base64 or
// compressed values; README.md lists what stays. Which data leaves a region at all is decided by the filters of
// the region's configuration, not here.
package secretsprocessor
