//go:build !linux

package main

import "errors"

func addAddress(string) error { return errors.New("needs Linux") }
