/* Inlined, so that its lines are in several functions. */
static inline unsigned mix(unsigned a, unsigned b)
{
	a ^= b << 3;
	return a + (a >> 5);
}
