"""From readings to energy at a moment: the arithmetic of sensors, without a sensor.

A *track* takes a source's readings and the moments at which windows begin and
end (edges), and answers how much energy had been drawn at a moment. There is
one kind a sensor: `counted` for counters that step, `integrated` for
instantaneous power, `averaged` for a power that is a mean over its past.
"""
