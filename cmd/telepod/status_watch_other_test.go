//go:build !linux && !injector

package main

import "testing"

func (l *onCluster) statusInteractive(t *testing.T) { t.Skip("needs Linux's pseudo-terminals") }
