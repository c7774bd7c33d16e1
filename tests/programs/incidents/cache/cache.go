// Package cache keeps what was expensive to get.
package cache

import (
	"fmt"
	"sync"
)

// Cache keeps values by key.
type Cache struct {
	mu           sync.Mutex
	values       map[string]string
	Hits, Misses int
}

// New returns an empty cache.
func New() *Cache { return &Cache{values: map[string]string{}} }

// Get returns what is kept under a key.
func (c *Cache) Get(key string) (string, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	value, hit := c.values[key]
	if hit {
		c.Hits++
	} else {
		c.Misses++
	}
	return value, hit
}

// Put keeps a value under a key.
func (c *Cache) Put(key, value string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.values[key] = value
}

// Profiles reads users' profiles through a cache.
type Profiles struct{ Cache *Cache }

// Load returns a user's profile.
func (p *Profiles) Load(user string, revision int) string {
	if profile, hit := p.Cache.Get("profile/" + user); hit {
		return profile
	}
	profile := p.read(user)
	p.Cache.Put(fmt.Sprintf("profile/%s@%d", user, revision), profile)
	return profile
}

func (p *Profiles) read(user string) string { return fmt.Sprintf("{name: %q}", user) }
